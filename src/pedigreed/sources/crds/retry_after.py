"""HTTP's ``Retry-After``: the pause that a server asks for."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

LONGEST = 86_400.0
"""Seconds. Whoever asks for more gets no more: it is longer than any reading lasts."""


def retry_after(written: str, now: float) -> float:
    """Seconds to wait; 0 where nothing that can be read is asked for.

    Args:
        written: the header, a number of seconds or an HTTP date.
        now: seconds since 1970, UTC.
    """
    asked = written.strip()
    try:
        if asked.isascii() and asked.isdigit():
            return min(float(asked[:12]), LONGEST)
        return min(max(0.0, parsedate_to_datetime(asked).timestamp() - now), LONGEST)
    except (ValueError, TypeError, OverflowError):
        return 0.0
