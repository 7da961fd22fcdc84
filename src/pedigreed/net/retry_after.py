"""The pause that a server asks for: HTTP's ``Retry-After`` (RFC 9110, 10.2.3)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_PAUSE = timedelta(days=1)
"""Whoever asks for more gets no more."""

NO_PAUSE = timedelta(0)
_SECONDS = re.compile(r"[0-9]+(?:\.[0-9]*)?", re.ASCII)


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta:
    """How long to wait: zero where nothing is asked for, or nothing that can be read.

    The standard has whole seconds or a date; a fraction is read all the same. A date is held against the answer's
    own ``Date``, since the server's clock may be wrong, and against ours where it has none.

    Args:
        headers: the answer's, whose names are found in any case.
        now: with its zone.
    """
    asked = headers.get("Retry-After", "").strip()
    if _SECONDS.fullmatch(asked):
        return timedelta(seconds=min(float(asked), LONGEST_PAUSE.total_seconds()))
    until = _http_date(asked)
    if until is None:
        return NO_PAUSE
    return max(NO_PAUSE, min(until - (_http_date(headers.get("Date", "")) or now), LONGEST_PAUSE))


def _http_date(written: str) -> datetime | None:
    """An HTTP date in any of its three forms, which are all in GMT; None for what is none."""
    try:
        date = parsedate_to_datetime(written)
    except (ValueError, TypeError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
