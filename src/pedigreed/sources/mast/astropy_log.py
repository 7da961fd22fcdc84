"""astropy's logs, which it would write to the terminal itself."""

from __future__ import annotations

import logging


def hand_on() -> None:
    """Let astropy and astroquery log as every other library does. To be called after they were imported."""
    for name in ("astropy", "astroquery"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.setLevel(logging.NOTSET)
