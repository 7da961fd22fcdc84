"""Ask MAST what is to be asked in this cycle, and keep each answer as it comes.

Of a program everything is asked for, or only what is younger than the last answer: `queries` decides it, and does
no I/O.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

import structlog

from pedigreed.garbage import collected_seldom
from pedigreed.model.coverage import Coverage
from pedigreed.model.failure import StoreError, TryAgain
from pedigreed.model.instrument import Instrument
from pedigreed.schedule import is_sweep_due
from pedigreed.service.kept_answer import KeptAnswer, keep_answer, keep_failure
from pedigreed.service.learning import keep_columns, keep_sizes, learn_of_flags, load_lessons
from pedigreed.sources.mast.query import PROGRAMS_A_QUERY, PedigreeQuery
from pedigreed.store import coverage as stored_coverage
from pedigreed.store import products as stored_products

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from pedigreed.sources.mast.archive import MastArchive
    from pedigreed.store.database import Store

Item = TypeVar("Item")

OVERLAP = timedelta(days=2)
"""How far an increment reaches back. A file may show up a day after its ingest ended."""

SECOND_LOOK = timedelta(hours=20)
"""When a product was missing, its program is swept again so soon, and not sooner."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class EarlierAnswers:
    """What is known before asking.

    Attributes:
        coverage: by instrument and program; a pair that was never asked is absent.
        missed: instrument and program of products that the last sweep lacked.
        increments_off: instruments whose increments are not trusted.
        programs_a_query: instrument -> how many programs one question may be about, where that is less than usual.
        not_asked_for_stale: instruments whose service does not heed a filter on its stale flag.
    """

    coverage: Mapping[tuple[Instrument, int], Coverage]
    missed: AbstractSet[tuple[Instrument, int]]
    increments_off: Collection[Instrument]
    programs_a_query: Mapping[Instrument, int] = field(default_factory=dict)
    not_asked_for_stale: Collection[Instrument] = ()


def queries(
    watched: Mapping[Instrument, AbstractSet[int]],
    earlier: EarlierAnswers,
    sweep_every: timedelta,
    now: datetime,
    *,
    stale: AbstractSet[int] = frozenset(),
    in_full: Collection[Instrument] = (),
) -> Iterator[PedigreeQuery]:
    """The queries of one cycle. Programs share them; what is due for a sweep is asked for everything.

    What MAST marks as stale does not show in the date of ingest. So the programs of which it is to be told, and
    that are not swept now, are asked for that alone.

    Args:
        watched: instrument -> the programs to ask for.
        earlier: what is known before asking.
        sweep_every: how often everything is asked for.
        now: UTC.
        stale: programs of which it is to be told what is stale.
        in_full: instruments of which somebody watches every program. What is younger, and what is stale, is asked
            of the whole service at once.
    """
    for instrument, programs in watched.items():
        sweeps, increments = [], []
        for program in sorted(programs):
            state = earlier.coverage.get((instrument, program)) or Coverage(instrument, program)
            if _needs_sweep(state, earlier, sweep_every, now):
                sweeps.append(program)
            else:
                increments.append(state)
        most = min(PROGRAMS_A_QUERY, earlier.programs_a_query.get(instrument, PROGRAMS_A_QUERY))
        for some in _chunks(sweeps, most):
            yield PedigreeQuery(instrument, tuple(some))
        names = instrument not in in_full or len(increments) <= most
        for states in _chunks(increments, most if names else len(increments)):
            since = min(state.complete_at for state in states if state.complete_at is not None)
            younger = tuple(state.program for state in states)
            yield PedigreeQuery(instrument, younger, since - OVERLAP, names_programs=names)
        if instrument not in earlier.not_asked_for_stale:
            flagged = [state.program for state in increments if state.program in stale]
            for some in _chunks(flagged, most if names else len(flagged)):
                yield PedigreeQuery(instrument, tuple(some), only_stale=True, names_programs=names)


def _needs_sweep(state: Coverage, earlier: EarlierAnswers, sweep_every: timedelta, now: datetime) -> bool:
    if state.baseline_at is None or state.complete_at is None or state.sweep_at is None:
        return True
    if state.complete_at > now or state.sweep_at > now:
        # The clock was ahead, and is right again.
        return True
    if state.instrument in earlier.increments_off or now - state.complete_at >= sweep_every:
        return True
    pair = (state.instrument, state.program)
    if pair in earlier.missed:
        return now - state.sweep_at >= SECOND_LOOK
    return is_sweep_due(state.program, state.sweep_at, sweep_every, now)


def _chunks(items: list[Item], most: int) -> Iterator[list[Item]]:
    for start in range(0, len(items), max(1, most)):
        yield items[start : start + most]


def sweeps_of(pairs: AbstractSet[tuple[Instrument, int]]) -> Iterator[PedigreeQuery]:
    """A sweep of each program. It looks at the pairs only when it is asked for the first."""
    for instrument in sorted({instrument for instrument, _ in pairs}):
        yield PedigreeQuery(instrument, tuple(sorted(program for of, program in pairs if of is instrument)))


def flags_of(pairs: AbstractSet[tuple[Instrument, int]]) -> Iterator[PedigreeQuery]:
    """The question for what is stale, right after a sweep that knows the answer. As lazy as `sweeps_of`."""
    for sweep in sweeps_of(pairs):
        yield replace(sweep, only_stale=True)


def programs_without_data(
    watched: Mapping[Instrument, AbstractSet[int]], earlier: EarlierAnswers, with_data: AbstractSet[int]
) -> frozenset[int]:
    """The programs that were known to have no data at all. That takes the word of every instrument."""
    known = frozenset.intersection(
        *(
            frozenset(
                program
                for program in watched.get(instrument, frozenset())
                if (state := earlier.coverage.get((instrument, program))) and state.baseline_at
            )
            for instrument in Instrument
        )
    )
    return known - with_data


def oldest_first(
    watched: Mapping[Instrument, AbstractSet[int]], earlier: EarlierAnswers
) -> dict[Instrument, AbstractSet[int]]:
    """The instruments by their oldest complete answers, so that none waits for ever behind another."""

    def oldest(instrument: Instrument) -> float:
        states = (earlier.coverage.get((instrument, program)) for program in watched[instrument])
        return min(state.complete_at.timestamp() if state and state.complete_at else 0.0 for state in states)

    return {instrument: watched[instrument] for instrument in sorted(watched, key=oldest)}


def collect(
    watched: Mapping[Instrument, AbstractSet[int]],
    store: Store,
    archive: MastArchive,
    sweep_every: timedelta,
    now: datetime,
    *,
    stale: AbstractSet[int] = frozenset(),
    in_full: Collection[Instrument] = (),
) -> Iterator[KeptAnswer]:
    """Ask everything that is to be asked now, and keep each answer as it comes.

    Args:
        watched: instrument -> the programs to ask for.
        store: where everything is kept.
        archive: who is asked.
        sweep_every: how often everything is asked for.
        now: UTC.
        stale: programs of which it is to be told what MAST marks as stale.
        in_full: instruments of which somebody watches every program.
    """
    with collected_seldom():
        yield from _collect(watched, store, archive, sweep_every, now, stale=stale, in_full=in_full)


def _collect(
    watched: Mapping[Instrument, AbstractSet[int]],
    store: Store,
    archive: MastArchive,
    sweep_every: timedelta,
    now: datetime,
    *,
    stale: AbstractSet[int],
    in_full: Collection[Instrument],
) -> Iterator[KeptAnswer]:
    programs = sorted(frozenset().union(*watched.values()))
    with store.reading() as connection:
        lessons = load_lessons(connection, now)
        earlier = EarlierAnswers(
            coverage=stored_coverage.load(connection, programs),
            missed={
                (known.product.instrument, known.product.program)
                for known in stored_products.missed(connection, programs)
            },
            increments_off=stored_coverage.increments_off(connection, now),
            programs_a_query=dict(lessons.sizes.programs),
            not_asked_for_stale=lessons.ignores_stale_filter,
        )
        with_data = stored_products.with_data(connection, programs)
    first_data = programs_without_data(watched, earlier, with_data)
    sizes = deepcopy(lessons.sizes)
    archive.sizes = lessons.sizes
    replaced: set[tuple[Instrument, int]] = set()
    marked: set[tuple[Instrument, int]] = set()
    doubted: list[PedigreeQuery] = []
    planned = queries(oldest_first(watched, earlier), earlier, sweep_every, now, stale=stale, in_full=in_full)
    for query in chain(planned, sweeps_of(replaced), _each_of(doubted), flags_of(marked)):
        known: dict[PedigreeQuery, dict[bytes, str]] = {}

        def known_of(
            part: PedigreeQuery, known: dict[PedigreeQuery, dict[bytes, str]] = known
        ) -> dict[bytes, str]:
            if part.only_stale:
                # Every row is read, to see whether the filter is heeded. They are few if it is.
                return {}
            with store.reading() as connection:
                # Of the whole archive only what can come is looked up.
                since = None if part.names_programs else part.archived_since
                known[part] = stored_products.fingerprints(connection, part.instrument, part.programs, since)
            return known[part]

        for part, fetched in archive.answers(query, known_of):
            filenames = frozenset(known.pop(part, {}).values())
            try:
                may_be_old = part.observations is None
                part = replace(part, observations=None)  # noqa: PLW2901  # all of them
                with store.writing() as connection:
                    keep_columns(connection, part.instrument, fetched, lessons, now)
                    if part.only_stale:
                        fetched = learn_of_flags(connection, part, fetched, lessons, now)  # noqa: PLW2901  # as it is to be kept
                    answer = keep_answer(
                        connection,
                        part,
                        fetched,
                        filenames=filenames,
                        first_data=first_data,
                        may_be_old=may_be_old,
                        now=now,
                    )
                    keep_sizes(connection, sizes, lessons.sizes, now)
            except (StoreError, TryAgain):
                raise
            except Exception as error:  # noqa: BLE001  # whatever it is, it is one answer's
                _log.exception("an answer was not kept", instrument=part.instrument.value)
                answer = keep_failure(store, part, fetched, error, now)
            if answer.is_old:
                doubted.append(part.otherwise)
            replaced |= {(part.instrument, program) for program in answer.perhaps_relisted}
            if part.instrument in lessons.finds_stale:
                marked |= {(part.instrument, program) for program in answer.marked}
            # Its products are kept. They need not stay in memory while the next are read.
            del fetched, filenames
            yield answer


def _each_of(doubted: list[PedigreeQuery]) -> Iterator[PedigreeQuery]:
    """Each, as long as there are any."""
    while doubted:
        yield doubted.pop()
