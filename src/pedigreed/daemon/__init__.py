"""The resident process: it watches the clock, starts the work, and says how it is."""
