"""Logs: one line an event on stderr, ours and the libraries', with every secret struck out. `setup` begins it."""
