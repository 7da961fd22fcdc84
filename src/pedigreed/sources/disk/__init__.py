"""Folders of JWST products on a disk of ours: the pedigree that each file's primary header has. Only read."""
