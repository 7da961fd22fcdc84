"""pedigreed watches the pedigree of JWST data and tells what changed, once."""

__version__ = "0.2.0"
