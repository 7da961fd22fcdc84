"""RSS and Atom feeds as a source of announcements."""
