"""MAST's keyword services, asked through astroquery. They are only read."""
