"""The only SQL. SQLAlchemy Core on SQLite (the embedded default) or PostgreSQL, one file a noun."""
