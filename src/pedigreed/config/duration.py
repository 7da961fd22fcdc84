"""Lengths of time as people write them: ``24h``, ``7d``, ``30m``."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

_UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_FORM = re.compile(r"([0-9]{1,8})([smhdw])", re.ASCII)
_IN_WORDS = re.compile(r"([0-9]{1,8})\s*(second|sec|minute|min|hour|day|week)s?", re.ASCII | re.IGNORECASE)
_LONGEST = timedelta(days=366)


def parse_duration(text: str) -> timedelta:
    """Read ``90s``, ``30m``, ``24h``, ``7d`` or ``1w``. Raises `ValueError` with what was expected."""
    if form := _FORM.fullmatch(text):
        duration = int(form[1]) * _UNITS[form[2]]
        if not timedelta(0) < duration <= _LONGEST:
            raise ValueError(f"{text!r} is out of range: write 1s to {_LONGEST.days}d")
        return duration
    if words := _IN_WORDS.fullmatch(text.strip()):
        raise ValueError(f"{text!r} is no duration, write {int(words[1])}{words[2][0].lower()}")
    if text.isascii() and text.isdigit() and len(text) < 9:  # noqa: PLR2004  # as many digits as a duration has
        raise ValueError(f"a duration needs its unit: write {text}s, {text}m, {text}h or {text}d")
    raise ValueError(f"{text[:40]!r} is no duration: write a number and a unit (s, m, h, d, w), such as 24h or 7d")


def format_duration(duration: timedelta) -> str:
    """The shortest text that `parse_duration` reads as this duration: ``1d``, not ``24h``."""
    seconds = round(duration.total_seconds())
    for unit in ("d", "h", "m"):
        length = round(_UNITS[unit].total_seconds())
        if seconds and seconds % length == 0:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


def read_duration(value: object) -> timedelta:
    """As `parse_duration`, for a value of any type."""
    if isinstance(value, timedelta):
        return value
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return parse_duration(str(value))
    raise ValueError("a duration is a number and a unit, such as 24h or 7d")


Duration = Annotated[
    timedelta,
    BeforeValidator(read_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{1,8}[smhdw]$", "examples": ["24h", "7d", "30m"]}),
]
"""A setting that is a length of time."""
