"""What people call the server."""

NAME = "CRDS"
