"""The moment of an observation as CRDS reads it from DATE-OBS and TIME-OBS.

CRDS compares moments as text, ``2022-07-12 01:02:03.456000``, with the text of the rule. A whole second has no
decimals, so a rule of ``2021-01-01T00:00:00`` acts from the next day, since T comes after every blank.
Source: `crds.core.timestamp` of crds 14.0.3, which cuts microseconds off instead of rounding them.
"""

from __future__ import annotations

import re
from datetime import datetime

from pedigreed.impact.values import UNDEFINED

_ISO = re.compile(r"^\d\d\d\d[-/]\d\d[-/]\d\dT\d\d(:\d\d){1,2}(\.\d{1,6})?$")
_LETTERS = re.compile(r"[A-Za-z]{3,10}")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NUMERICAL = (
    (re.compile(r"^(?P<month>\d\d)/(?P<day>\d\d)/(?P<year>\d\d\d\d)$"), ""),
    (re.compile(r"^(?P<year>\d\d\d\d)/(?P<month>\d\d)/(?P<day>\d\d)$"), ""),
    (re.compile(r"^(?P<day>\d\d)/(?P<month>\d\d)/(?P<year>9\d)$"), "19"),
    (re.compile(r"^(?P<day>\d\d)/(?P<month>\d\d)/(?P<year>[0-3]\d)$"), "20"),
)
_COMPACT = re.compile(r"^\d\d\d\d\d\d\d\d:\d\d\d\d\d\d$")
_MIDDAY = 12
_MILLION = 10**6


def moment(date: str, time: str) -> str | None:
    """The moment of two header values, ``2022-07-12 01:02:03``. None where CRDS can't read it."""
    date, time = date.strip(), time.strip()
    if UNDEFINED in (date, time):
        return None
    try:
        return _parsed(f"{date} {time}".strip()).isoformat(" ")
    except (ValueError, OverflowError, IndexError):
        return None


def moment_of(start: datetime) -> str:
    """The same of a point in time."""
    return start.replace(tzinfo=None).isoformat(" ")


def _parsed(text: str) -> datetime:
    if UNDEFINED in text:
        raise ValueError(text)
    text = text.removesuffix(" UT")
    if _ISO.match(text):
        text = text.replace("T", " ")
    return _with_a_month_in_letters(text) if _LETTERS.search(text) else _in_numbers(text)


def _with_a_month_in_letters(text: str) -> datetime:
    for half in (" am", " pm"):
        while text.lower().endswith(half):
            text = text.lower().replace(half, half[1:])
    parts = text.replace("-", " ").replace("/", " ").split()
    if len(parts) == 3:  # noqa: PLR2004 - month, day and year
        parts.append("00:00AM")
    month, day, year, time = parts
    day = day.removesuffix(",")
    try:
        numbers = int(year), _month(month), int(day)
    except ValueError:
        numbers = int(year), _month(day), int(month)
    return datetime(*numbers, *_time(time))  # noqa: DTZ001 - CRDS knows no zone


def _month(name: str) -> int:
    return _MONTHS.index(name[:3].capitalize()) + 1


def _in_numbers(text: str) -> datetime:
    date, *times = text.replace("-", "/").split()
    time = _time(" ".join(times) if times else "00:00:00")
    for form, century in _NUMERICAL:
        if match := form.match(date):
            return datetime(int(century + match["year"]), int(match["month"]), int(match["day"]), *time)  # noqa: DTZ001 - likewise
    if not _COMPACT.match(date):
        raise ValueError(date)
    compact = int(date[:4]), int(date[4:6]), int(date[6:8]), int(date[9:11]), int(date[11:13]), int(date[13:15])
    return datetime(*compact)  # noqa: DTZ001 - likewise


def _time(text: str) -> tuple[int, int, int, int]:
    """Hour, minute, second and microsecond."""
    text = text.strip()
    half = text[-2:].upper()
    if half in {"AM", "PM"}:
        text = text[:-2]
    hours, minutes, *rest = text.split(":")
    if len(rest) > 2:  # noqa: PLR2004 - CRDS passes over a fourth part and refuses a fifth
        raise ValueError(text)
    hour, minute, seconds = int(hours), int(minutes), float(rest[0] if rest else "00")
    second = int(seconds)
    if half == "PM" and hour < _MIDDAY:
        hour += _MIDDAY
    if half == "AM" and hour == _MIDDAY:
        hour = 0
    return hour, minute, second, int((seconds - second) * _MILLION)
