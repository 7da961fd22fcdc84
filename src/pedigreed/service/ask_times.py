"""When the archive is asked: before the day's digests, each installation at its own minute. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from pedigreed.model.pause import nth_pause
from pedigreed.schedule import DAY, last_turn, next_turn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from zoneinfo import ZoneInfo

    from pedigreed.config.settings import Config
    from pedigreed.model.work import Run

LEAD = timedelta(minutes=30)
"""How long before the first digest of a day the archive is asked at the latest."""

SPREAD = timedelta(minutes=90)
"""Over how long the installations of the world are spread, so that they do not ask in the same minute."""

RETRIES = tuple(timedelta(minutes=minutes) for minutes in (15, 60, 240))
"""After an asking that was not complete; the last one repeats until the next is planned."""

LONGEST = timedelta(hours=6)
"""An asking that began so long ago and did not end has no process any more."""

AHEAD = timedelta(hours=1)
"""An asking that began later than this from now was dated by a clock that was wrong."""


@dataclass(frozen=True, slots=True)
class AskRhythm:
    """How often the archive is asked.

    Attributes:
        every: the interval.
        at: the earliest local time of day at which a digest is composed; for intervals of whole days.
        zone: the zone of `at`.
        place: where among all installations this one stands, from 0 to 1.
    """

    every: timedelta
    at: time
    zone: ZoneInfo
    place: float


def ask_rhythm(config: Config, place: float) -> AskRhythm:
    """The rhythm of a configuration."""
    at = min(subscription.digest.at for subscription in config.subscriptions)
    return AskRhythm(config.sources.mast.every, at, config.zone, place)


def place_of(installation: str) -> float:
    """A number from 0 to 1 that follows from a name, such as the host's with the store's."""
    digits = hashlib.blake2b(installation.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digits) / 2**64


def last_planned(rhythm: AskRhythm, now: datetime) -> datetime:
    """The last moment (UTC) at which the archive was to be asked."""
    return max(moment for moment in _planned(rhythm, now) if moment <= now)


def next_planned(rhythm: AskRhythm, now: datetime) -> datetime:
    """The next moment (UTC) at which the archive is to be asked, if nothing fails before."""
    return min(moment for moment in _planned(rhythm, now) if moment > now)


def is_ask_due(rhythm: AskRhythm, runs: Sequence[Run], now: datetime, *, has_unasked: bool) -> bool:
    """Whether the archive is to be asked now.

    Args:
        rhythm: how often.
        runs: the last askings, the newest first.
        now: UTC.
        has_unasked: whether a program is watched that was never asked for.
    """
    if not runs or runs[0].started_at > now + AHEAD:
        return True
    last = runs[0]
    if last.ended_at is None and now - last.started_at < LONGEST:
        return False
    if last.started_at < last_planned(rhythm, now):
        return True
    if last.ended_at is not None and not last.came_to_its_end:
        # It was not MAST that failed. The daemon whose process it was leaves it alone for a while.
        return True
    failures = _failures(runs)
    if failures:
        return now >= (last.ended_at or last.started_at) + nth_pause(RETRIES, failures)
    return has_unasked


def _failures(runs: Iterable[Run]) -> int:
    count = 0
    for run in runs:
        if run.ended_at is not None and run.problem is None:
            break
        count += 1
    return count


def _planned(rhythm: AskRhythm, now: datetime) -> Iterator[datetime]:
    """Planned moments around now: some before, and some after."""
    if rhythm.every % DAY:
        yield last_turn(rhythm.every, rhythm.place, now)
        yield next_turn(rhythm.every, rhythm.place, now)
        return
    days = rhythm.every // DAY
    today = now.astimezone(rhythm.zone).date().toordinal()
    # A planned moment may lie on the day before its digest, so a day more is looked at on both sides.
    for ordinal in range(today - days - 1, today + days + 2):
        if ordinal % days == 0:
            digest = datetime.combine(datetime.fromordinal(ordinal), rhythm.at, tzinfo=rhythm.zone)
            yield digest.astimezone(UTC) - LEAD - SPREAD * rhythm.place
