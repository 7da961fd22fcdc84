"""Moments as CRDS writes them.

They have no zone, and no document was found that names one. Of the 145 start dates that are public and have a time
(2012 to 2019), 132 lie between 8 and 18 o'clock, nine in ten in summer and in winter alike. Those are the working
hours of the institute in Baltimore that sets the contexts, so the dates are read as the time there.
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from pedigreed.model.failure import Unreadable

SERVER_ZONE = ZoneInfo("America/New_York")
_LONGEST = 40


def read_time(written: str) -> datetime:
    """The instant, UTC, of ``2022-03-21 10:23:31``. Raises `Unreadable` for what is no such date."""
    text = written.strip()
    if len(text) > _LONGEST:
        raise Unreadable("a date that is too long for one")
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=SERVER_ZONE)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Unreadable("this is no date of CRDS") from error


def read_time_or_none(written: object) -> datetime | None:
    """The same; None for what is no such date."""
    try:
        return read_time(written) if isinstance(written, str) else None
    except Unreadable:
        return None
