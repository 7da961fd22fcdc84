"""Before and after -> changes. Pure."""
