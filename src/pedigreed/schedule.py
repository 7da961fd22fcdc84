"""When digests, sweeps and readings of a source are due. Pure: the time comes as an argument.

What was done is in the store; nothing is remembered here. So a missed day is caught up once, and a clock that is
set back repeats nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from pedigreed.model.instant import iso

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import time
    from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often a subscription is told.

    Attributes:
        every: one day, one week, or any other length.
        at: local time of day, for a day and a week.
        zone: the zone of `at`.
        weekday: on which a week ends, 0 for Monday.
    """

    every: timedelta
    at: time
    zone: ZoneInfo
    weekday: int = 0


@dataclass(frozen=True, slots=True)
class Boundary:
    """The moment after which a period is due. `label` is unique within a subscription. `at` is UTC."""

    label: str
    at: datetime


def last_boundary(rhythm: Rhythm, now: datetime) -> Boundary:
    """The last moment at which a digest was to be composed. Every local date has exactly one."""
    if rhythm.every not in (DAY, WEEK):
        return _boundary_of_length(rhythm.every, now)
    day = now.astimezone(rhythm.zone).date()
    if rhythm.every == WEEK:
        day -= timedelta(days=(day.weekday() - rhythm.weekday) % 7)
    boundary = _local(day, rhythm)
    # In spring the skipped hour may end on the next date, and yesterday's boundary may still be to come.
    while boundary > now:
        day -= rhythm.every
        boundary = _local(day, rhythm)
    return Boundary(day.isoformat(), boundary)


def next_boundary(rhythm: Rhythm, now: datetime) -> Boundary:
    """The next moment at which a digest will be composed."""
    last = last_boundary(rhythm, now)
    if rhythm.every not in (DAY, WEEK):
        return _boundary_of_length(rhythm.every, last.at + rhythm.every)
    day = date.fromisoformat(last.label) + rhythm.every
    return Boundary(day.isoformat(), _local(day, rhythm))


def due(rhythm: Rhythm, last_end: datetime | None, now: datetime) -> Boundary | None:
    """The boundary whose period is to be closed now, or None.

    Args:
        rhythm: of the subscription.
        last_end: the end of its last closed period, UTC; None if it has none yet, and then one is due at once.
        now: UTC.
    """
    boundary = last_boundary(rhythm, now)
    return boundary if _is_due(boundary, last_end) else None


def due_periods(
    rhythms: Mapping[str, Rhythm], last_ends: Mapping[str, datetime | None], now: datetime
) -> list[str]:
    """The subscriptions whose period is to be closed now.

    Args:
        rhythms: by subscription.
        last_ends: the end of each one's last closed period, UTC; None where there is none yet.
        now: UTC.
    """
    # Many subscriptions have few rhythms, and time zones take time.
    boundaries = {rhythm: last_boundary(rhythm, now) for rhythm in set(rhythms.values())}
    return [name for name, rhythm in rhythms.items() if _is_due(boundaries[rhythm], last_ends.get(name))]


def last_turn(every: timedelta, place: float, now: datetime) -> datetime:
    """The last moment (UTC) that was the turn of something that is done again and again.

    Args:
        every: the interval.
        place: where in the interval the turn is, from 0 to 1, so that not everybody does it at the same moment.
        now: UTC.
    """
    offset = every * place
    return _EPOCH + (now - _EPOCH + offset) // every * every - offset


def next_turn(every: timedelta, place: float, now: datetime) -> datetime:
    """The next one."""
    return last_turn(every, place, now) + every


def is_sweep_due(program: int, last_sweep: datetime | None, every: timedelta, now: datetime) -> bool:
    """Whether a program is to be asked for everything again.

    Each program has its own place in the interval, so that sweeps are spread evenly over it.
    """
    if last_sweep is None:
        return True
    place = int.from_bytes(hashlib.blake2b(str(program).encode(), digest_size=8).digest()) / 2**64
    return last_turn(every, place, now) > last_turn(every, place, last_sweep)


def _is_due(boundary: Boundary, last_end: datetime | None) -> bool:
    return last_end is None or boundary.at > last_end


def _local(day: date, rhythm: Rhythm) -> datetime:
    """A local time of a date, as UTC: the first of two in autumn, and the hour after in spring."""
    return datetime.combine(day, rhythm.at, tzinfo=rhythm.zone).astimezone(UTC)


def _boundary_of_length(every: timedelta, now: datetime) -> Boundary:
    at = last_turn(every, 0.0, now)
    return Boundary(iso(at), at)
