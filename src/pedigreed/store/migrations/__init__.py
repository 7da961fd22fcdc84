"""Alembic's scripts, one a revision."""
