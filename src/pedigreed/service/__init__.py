"""The work: read CRDS's news, ask the archive, compose digests that are due, deliver. `cycle` has the order."""
