"""Moments in each form in which the archive writes them, read into one.

An instant is an aware ``datetime`` in UTC, to the millisecond.
MAST writes ``/Date(ms)/`` (milliseconds since 1970, UTC), a float MJD (UTC), or ISO text without a zone
and with 0 to 7 fractional digits (UTC): see MAST's subscription events and the keyword services.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import to_builtins

from pedigreed.model.failure import Unreadable

if TYPE_CHECKING:
    from datetime import tzinfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_HALF_A_MILLISECOND_BEFORE = _EPOCH - _MILLISECOND / 2
_MJD_OF_EPOCH = 40587
_SECONDS_A_DAY = 86_400
_MS_A_DAY = 1_000 * _SECONDS_A_DAY
_FLOATS_ARE_EXACT_UNTIL = 1_000 << 32
"""Milliseconds since 1970, in 2106. Until then a number of seconds has no error of half a microsecond."""

_FLOATS_ARE_EXACT_UNTIL_MJD = _MJD_OF_EPOCH + _FLOATS_ARE_EXACT_UNTIL // _MS_A_DAY

_DATE_CALL = re.compile(r"/Date\((-?\d{1,15})(?:[+-]\d{4})?\)/")
_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?)?\s*(Z|[+-]00:?00)?", re.IGNORECASE
)

ROUNDING = timedelta(milliseconds=10)
"""The archive's database keeps times to 1/300 s, so the forms of one moment differ by a few milliseconds."""


def from_milliseconds(milliseconds: int) -> datetime:
    """The instant so many milliseconds after 1970 began. Raises `Unreadable` outside the years 1 to 9999."""
    if 0 <= milliseconds < _FLOATS_ARE_EXACT_UNTIL:
        # There are ten in a row of the archive, and it takes half as long.
        return datetime.fromtimestamp(milliseconds / 1_000, UTC)
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError as error:
        raise Unreadable(f"{milliseconds} ms is no date of this calendar") from error


def to_milliseconds(instant: datetime) -> int:
    """Milliseconds since 1970, UTC."""
    return (instant - _HALF_A_MILLISECOND_BEFORE) // _MILLISECOND


def from_mjd(days: float) -> datetime:
    """The instant of a modified Julian date (days, UTC)."""
    if type(days) is float and _MJD_OF_EPOCH <= days < _FLOATS_ARE_EXACT_UNTIL_MJD:
        # Nearly all that is read, without looking for what it could be else.
        return datetime.fromtimestamp(round((days - _MJD_OF_EPOCH) * _MS_A_DAY) / 1_000, UTC)
    try:
        milliseconds = (float(days) - _MJD_OF_EPOCH) * _MS_A_DAY
    except OverflowError as error:
        raise Unreadable("a number this large is no modified Julian date") from error
    if not abs(milliseconds) <= 1e15:  # noqa: PLR2004  # NaN, or past year 9999
        raise Unreadable(f"{days} is no modified Julian date")
    return from_milliseconds(round(milliseconds))


def to_mjd(instant: datetime) -> float:
    """The modified Julian date (days, UTC) of an instant."""
    return _MJD_OF_EPOCH + to_milliseconds(instant) / _MS_A_DAY


def parse_instant(value: str | float) -> datetime:
    """Read any of the three forms. Raises `Unreadable` with the value that was none of them."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return from_mjd(value)
    text = str(value).strip()
    if call := _DATE_CALL.fullmatch(text):
        return from_milliseconds(int(call[1]))
    if iso := _ISO.fullmatch(text):
        return _from_iso(iso)
    try:
        return from_mjd(float(text))
    except ValueError:
        raise Unreadable(f"{text[:40]!r} is no date: expected /Date(ms)/, an MJD, or ISO 8601") from None


def _from_iso(iso: re.Match[str]) -> datetime:
    year, month, day, hour, minute, second = (int(part or 0) for part in iso.groups()[:6])
    fraction = (iso[7] or "").ljust(3, "0")
    try:
        whole = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        return whole + timedelta(milliseconds=round(int(fraction) / 10 ** (len(fraction) - 3)))
    except (ValueError, OverflowError) as error:
        raise Unreadable(f"{iso[0]!r} is no date: {error}") from error


def same_instant(one: datetime | None, other: datetime | None) -> bool:
    """Whether two readings mean one moment, within the archive's own rounding."""
    if one is None or other is None:
        return one is other
    return abs(one - other) <= ROUNDING


def iso(instant: datetime) -> str:
    """ISO 8601, UTC, milliseconds, with the zone written: ``2024-04-09T19:07:23.700Z``."""
    if instant.tzinfo is not UTC:
        instant = instant.astimezone(UTC)
    # In a fifth of the time that `isoformat` takes: it is written four times for each change.
    text: str = to_builtins(instant)
    return f"{text[:23]}Z" if instant.microsecond else f"{text[:19]}.000Z"


def day_and_time(moment: datetime, zone: tzinfo) -> str:
    """``2026-11-22 06:00Z``, in another zone ``2026-11-22 07:00 CET``."""
    local = moment.astimezone(zone)
    is_utc = not local.utcoffset() and local.tzname() == "UTC"
    return f"{local:%Y-%m-%d %H:%M}" + ("Z" if is_utc else f" {zone_name(local)}")


def zone_name(moment: datetime) -> str:
    """``CET``; ``UTC-03`` for a zone that has a number for a name."""
    name = moment.tzname() or "UTC"
    return f"UTC{name}" if name[0] in "+-" else name
