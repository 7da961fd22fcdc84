"""Announcements -> what happened in CRDS, each once. Pure."""
