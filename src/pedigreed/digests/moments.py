"""Days and times in words, in English whatever the machine's locale."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from datetime import datetime

    from pedigreed.model.digest import PedigreeSpan

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def period(starts: datetime, ends: datetime, timezone: str) -> str:
    """``21 Nov 07:00 to 22 Nov 2026 07:00 CET (06:00Z)``; a first look has no length: ``21 Nov 2026 ...``."""
    zone = ZoneInfo(timezone)
    begin, end = starts.astimezone(zone), ends.astimezone(zone)
    words = f"{_full_day(end)} {_clock(end)} {_zone_name(end)}"
    if starts != ends:
        first = _day(begin) if begin.year == end.year else _full_day(begin)
        # Two ends of a period can have two offsets: the night that the clocks change.
        begin_zone = "" if begin.utcoffset() == end.utcoffset() else f" {_zone_name(begin)}"
        words = f"{first} {_clock(begin)}{begin_zone} to {words}"
    return words if _zone_name(end) == "UTC" else f"{words} ({_in_utc(starts, ends, end)})"


def _in_utc(starts: datetime, ends: datetime, local_end: datetime) -> str:
    begin, end = starts.astimezone(UTC), ends.astimezone(UTC)
    if end.date() == local_end.date():
        return f"{_clock(end)}Z" if _clock(begin) == _clock(end) else f"{_clock(begin)}Z to {_clock(end)}Z"
    return f"{_day(begin)} {_clock(begin)}Z to {_day(end)} {_clock(end)}Z"


def _zone_name(moment: datetime) -> str:
    """``CET``; ``UTC-03`` for a zone that has a number for a name."""
    name = moment.tzname() or "UTC"
    return f"UTC{name}" if name[0] in "+-" else name


def moment_in_utc(moment: datetime, near: datetime) -> str:
    """``05:58Z`` on the day of `near` (UTC), ``20 Nov 05:58Z`` in its year, ``20 Nov 2025 05:58Z`` before."""
    moment, near = moment.astimezone(UTC), near.astimezone(UTC)
    if moment.date() == near.date():
        return f"{_clock(moment)}Z"
    date = _day(moment) if moment.year == near.year else _full_day(moment)
    return f"{date} {_clock(moment)}Z"


def day(moment: datetime, near: datetime) -> str:
    """``21 Nov``, with the year where it is another than that of `near`. Both in the zone that is wanted."""
    return _day(moment) if moment.year == near.year else _full_day(moment)


def days_of(span: PedigreeSpan) -> str:
    """The UTC days of DATE: ``21 Nov 2026``, ``2 to 9 Nov 2025``, ``28 Oct to 9 Nov 2025``; or ``none``."""
    if span.earliest is None or span.latest is None:
        return "none"
    return days_between(span.earliest.astimezone(UTC), span.latest.astimezone(UTC))


def days_between(first: datetime, last: datetime) -> str:
    """``21 Nov 2026``, ``2 to 9 Nov 2025``, ``28 Oct to 9 Nov 2025``. Both in the zone that is wanted."""
    if first.date() == last.date():
        return _full_day(last)
    if first.year != last.year:
        return f"{_full_day(first)} to {_full_day(last)}"
    return f"{first.day if first.month == last.month else _day(first)} to {_full_day(last)}"


def times_of(span: PedigreeSpan) -> str:
    """DATE to the second, UTC, for two that share a day: ``21 Nov 2026 08:40:12Z``."""
    if span.earliest is None or span.latest is None:
        return "none"
    first, last = (
        f"{_full_day(moment)} {moment:%H:%M:%S}Z"
        for moment in (span.earliest.astimezone(UTC), span.latest.astimezone(UTC))
    )
    return first if first == last else f"{first} to {last}"


def _day(moment: datetime) -> str:
    return f"{moment.day} {_MONTHS[moment.month - 1]}"


def _full_day(moment: datetime) -> str:
    return f"{_day(moment)} {moment.year:04d}"


def _clock(moment: datetime) -> str:
    return f"{moment:%H:%M}"
