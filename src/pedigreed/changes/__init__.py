"""What became different in the archive: from two states of a product to changes, and what they come to. Pure."""
