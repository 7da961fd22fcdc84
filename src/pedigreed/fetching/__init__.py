"""Files of the archive to a disk of ours: each verified, and then put in the place of the old one in one step."""
