"""What the subscriptions watch, in which instruments, and how often each is told."""

from __future__ import annotations

import os.path
from collections import defaultdict
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from pedigreed.config.subscription import WEEKDAYS
from pedigreed.config.value import AllPrograms, ProgramsFromDisk
from pedigreed.model.program import ProgramSelection
from pedigreed.schedule import DAY, WEEK, Rhythm, last_boundary
from pedigreed.store import local_files as stored_files
from pedigreed.store import periods as stored_periods
from pedigreed.store import programs as stored_programs

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from pedigreed.config.settings import Config, Subscription
    from pedigreed.model.instrument import Instrument
    from pedigreed.model.period import Period
    from pedigreed.store.database import Store


def folders_of(subscription: Subscription) -> tuple[str, ...]:
    """Its folders, as the store has them: without ``..`` and without a slash at the end."""
    return tuple(dict.fromkeys(os.path.normpath(folder) for folder in subscription.local))


def with_programs(config: Config, store: Store) -> Config:
    """The configuration with the programs as they are known now of subscriptions that do not list them.

    They watch those that lie on disk, or all that the archive has.
    """
    with store.reading() as connection:
        return programs_now(config, connection)


def programs_now(config: Config, connection: Connection) -> Config:
    """As `with_programs`."""
    listed = [not each.watches_disk and not each.watches_all for each in config.subscriptions]
    if all(listed):
        return config
    chosen = (
        each if is_listed else _watching(each, connection)
        for each, is_listed in zip(config.subscriptions, listed, strict=True)
    )
    return config.model_copy(update={"subscriptions": tuple(chosen)})


def _watching(subscription: Subscription, connection: Connection) -> Subscription:
    programs: tuple[ProgramSelection, ...]
    if subscription.watches_all:
        programs = AllPrograms(map(ProgramSelection, sorted(stored_programs.archived(connection))))
    else:
        numbers = stored_files.programs_in(connection, folders_of(subscription))
        programs = ProgramsFromDisk(map(ProgramSelection, sorted(numbers)))
    return subscription.model_copy(update={"watch": subscription.watch.model_copy(update={"programs": programs})})


def pairs_of(subscription: Subscription) -> frozenset[tuple[Instrument, int]]:
    """The instruments and programs that one subscription watches."""
    programs = subscription.programs
    return frozenset(
        (instrument, program) for instrument in subscription.watch.instruments for program in programs
    )


def watched_programs(subscriptions: Iterable[Subscription]) -> Mapping[Instrument, frozenset[int]]:
    """Instrument -> the programs that any subscription watches in it."""
    watched: dict[Instrument, set[int]] = defaultdict(set)
    for subscription in subscriptions:
        for instrument in subscription.watch.instruments:
            watched[instrument] |= subscription.programs
    return {instrument: frozenset(watched[instrument]) for instrument in sorted(watched)}


def instruments_in_full(config: Config) -> frozenset[Instrument]:
    """The instruments of which a subscription watches every program."""
    return frozenset(
        instrument for each in config.subscriptions if each.watches_all for instrument in each.watch.instruments
    )


def only(
    watched: Mapping[Instrument, frozenset[int]], programs: Collection[int]
) -> Mapping[Instrument, frozenset[int]]:
    """The same for some programs alone."""
    chosen = frozenset(programs)
    return {instrument: mine for instrument, all_of_them in watched.items() if (mine := all_of_them & chosen)}


CLOCK_AHEAD = timedelta(days=1)
"""A period that ends later than this was closed by a clock that was wrong, and does not count."""


def rhythm_of(subscription: Subscription, config: Config) -> Rhythm:
    """How often a subscription is told."""
    schedule = subscription.digest
    every = {"day": DAY, "week": WEEK}.get(str(schedule.every)) or schedule.every
    assert not isinstance(every, str)
    return _rhythm(every, schedule.at, config.zone, WEEKDAYS.index(schedule.on))


_rhythm = lru_cache(maxsize=256)(Rhythm)
"""Most subscriptions have one of a few."""


def last_periods(
    connection: Connection, now: datetime, subscriptions: Collection[str] | None = None
) -> dict[str, Period]:
    """Subscription -> the period before the one that could be closed now; of some subscriptions, or of all."""
    return stored_periods.last_closed(connection, now + CLOCK_AHEAD, subscriptions)


def last_ends(connection: Connection, rhythms: Collection[Rhythm], now: datetime) -> dict[str, datetime]:
    """When the last period of each subscription ended, for all at once; without those that ended long ago.

    What ended before the last boundary of every rhythm is due, whenever it ended.
    """
    since = min((last_boundary(rhythm, now).at for rhythm in rhythms), default=now)
    return stored_periods.last_ends(connection, now + CLOCK_AHEAD, since)
