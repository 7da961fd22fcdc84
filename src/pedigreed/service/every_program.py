"""Find every program of the archive, for those who watch all of them, and each new one with its first data.

MAST has no list of its programs. So each instrument is asked which programs its rows are of: once for all of them,
in spans of the time of ingest, and from then on for what is younger. What a span brought is kept with it, and a
search that was broken off goes on there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from pedigreed.model.coverage import Coverage
from pedigreed.model.failure import UpstreamUnavailable
from pedigreed.model.instant import from_milliseconds
from pedigreed.service.asking import OVERLAP
from pedigreed.service.learning import ProgramsKnown, keep_programs_known, programs_known
from pedigreed.service.subscriptions import instruments_in_full
from pedigreed.store import coverage as stored_coverage
from pedigreed.store import periods as stored_periods
from pedigreed.store import programs as stored_programs

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from pedigreed.config.settings import Config, Subscription
    from pedigreed.model.instrument import Instrument
    from pedigreed.sources.mast.archive import MastArchive
    from pedigreed.store.database import Store

_BEGIN = from_milliseconds(0)
"""Before anything was taken in."""

_log = structlog.get_logger()


def find_programs(config: Config, store: Store, archive: MastArchive, now: datetime) -> list[tuple[str, str]]:
    """Find the programs of the instruments that somebody watches in full.

    Args:
        config: the configuration.
        store: where what is found is kept.
        archive: who is asked.
        now: UTC.

    Returns:
        The name of each instrument that did not answer, and why. The others are not held to it.
    """
    problems = []
    for instrument in sorted(instruments_in_full(config)):
        with store.reading() as connection:
            known = programs_known(connection, now).get(instrument) or ProgramsKnown(_BEGIN, is_all=False)
        # All were found before, so one that is found now came since. Otherwise the search goes on where it was.
        since = known.until - OVERLAP if known.is_all else known.until
        try:
            for programs, until in archive.programs_ingested(instrument, since, now):
                with store.writing() as connection:
                    found = stored_programs.keep_archived(connection, programs, now)
                    if known.is_all:
                        _begin_anew(connection, config, found, known.until)
                    is_all = known.is_all or until == now
                    keep_programs_known(connection, instrument, ProgramsKnown(until, is_all), now)
                if found:
                    _log.info("programs found", instrument=instrument.value, programs=len(found))
        except UpstreamUnavailable as error:
            problems.append((instrument.written, f"not asked for new programs: {error}"))
    return problems


def _begin_anew(connection: Connection, config: Config, programs: AbstractSet[int], known_until: datetime) -> None:
    """Watch programs that were not there until a moment (UTC), so that what they have is news and no baseline."""
    for instrument in sorted(instruments_in_full(config)) if programs else ():
        states = stored_coverage.load(connection, programs, for_update=instrument)
        for program in sorted(programs):
            state = states.get((instrument, program)) or Coverage(instrument, program)
            if state.baseline_at is None:
                stored_coverage.save(connection, replace(state, baseline_at=known_until))
    watching = [each for each in config.subscriptions if programs and each.watches_all]
    introduced = stored_periods.introduced(connection, [each.name for each in watching])
    # Who was told nothing yet is told of them with all others.
    begun = [each for each in watching if introduced[each.name]]
    last = stored_periods.last_closed(connection, known_until, [each.name for each in begun])
    stored_periods.begin_watching(connection, {each.name: _pairs(each, programs) for each in begun})
    for each in begun:
        label = last[each.name].label if each.name in last else ""
        stored_periods.introduce(connection, each.name, label, _pairs(each, programs))


def _pairs(subscription: Subscription, programs: Iterable[int]) -> Collection[tuple[Instrument, int]]:
    return [(instrument, program) for program in programs for instrument in subscription.watch.instruments]
