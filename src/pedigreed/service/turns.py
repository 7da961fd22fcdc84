"""The turns of something that is done again and again, each installation at moments of its own. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def last_turn(every: timedelta, place: float, now: datetime) -> datetime:
    """The last moment (UTC) that was this installation's turn. `place` is its own among all, from 0 to 1."""
    offset = every * place
    return _EPOCH + (now - _EPOCH + offset) // every * every - offset


def next_turn(every: timedelta, place: float, now: datetime) -> datetime:
    """The next one."""
    return last_turn(every, place, now) + every
