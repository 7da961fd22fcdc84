"""Ask MAST, compare each answer with the store, and keep it with its changes: one transaction for each answer."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from pedigreed.changes.compare import compare
from pedigreed.changes.withdrawal import judge
from pedigreed.model.instrument import Instrument
from pedigreed.service.asking import INCREMENTS_OFF_FOR, Situation, queries, why_increments_fail
from pedigreed.service.learning import keep_columns, keep_sizes, keep_stale_filter_ignored, load_lessons
from pedigreed.store import changes as stored_changes
from pedigreed.store import coverage as stored_coverage
from pedigreed.store import products as stored_products

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from pedigreed.model.change import Change
    from pedigreed.model.coverage import Coverage, Fetched
    from pedigreed.model.product import Product
    from pedigreed.sources.mast.archive import MastArchive
    from pedigreed.sources.mast.query import PedigreeQuery
    from pedigreed.store.database import Store

RACE = timedelta(hours=1)
"""An answer that is older than the one that is kept by less than this came second. By more, a clock was wrong."""

SETTLED = timedelta(days=1)
"""What was ingested so long before the first sight was there then, whatever the service said."""

_REFUSAL = "MAST answered ERROR"

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of the archive, as it was kept.

    Attributes:
        query: what was asked.
        fetched: what came; its items are left out once they are kept.
        changes: how many changes it showed.
        held: how many products it would have moved backwards, had it been complete.
        notes: what was done about it; for people.
    """

    query: PedigreeQuery
    fetched: Fetched[Product]
    changes: int = 0
    held: int = 0
    notes: tuple[str, ...] = ()


def collect(
    interest: Mapping[Instrument, AbstractSet[int]],
    store: Store,
    archive: MastArchive,
    sweep_every: timedelta,
    now: datetime,
    *,
    stale: AbstractSet[int] = frozenset(),
) -> Iterator[Answer]:
    """Ask everything that is to be asked now, and keep each answer as it comes.

    Args:
        interest: instrument -> the programs to ask for.
        store: where everything is kept.
        archive: who is asked.
        sweep_every: how often everything is asked for.
        now: UTC.
        stale: programs of which it is to be told what MAST marks as stale.
    """
    programs = sorted(frozenset().union(*interest.values()))
    with store.reading() as connection:
        lessons = load_lessons(connection, now)
        situation = Situation(
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
    first_data = _without_data(interest, situation, with_data)
    sizes = deepcopy(lessons.sizes)
    archive.sizes = lessons.sizes
    for query in queries(_oldest_first(interest, situation), situation, sweep_every, now, stale=stale):
        known: dict[PedigreeQuery, dict[bytes, str]] = {}

        def known_of(
            part: PedigreeQuery, known: dict[PedigreeQuery, dict[bytes, str]] = known
        ) -> dict[bytes, str]:
            if part.only_stale:
                # Every row is read, to see whether the filter is heeded. They are few if it is.
                return {}
            with store.reading() as connection:
                known[part] = stored_products.fingerprints(connection, part.instrument, part.programs)
            return known[part]

        for part, fetched in archive.answers(query, known_of):
            filenames = frozenset(known.pop(part, {}).values())
            with store.writing() as connection:
                keep_columns(connection, part.instrument, fetched, lessons, now)
                if part.only_stale and (why := _why_no_stale_question(fetched)) is not None:
                    keep_stale_filter_ignored(connection, part.instrument, why, now)
                    fetched = replace(fetched, is_complete=True, problems=(), warnings=(why,))  # noqa: PLW2901
                answer = _keep(connection, part, fetched, filenames=filenames, first_data=first_data, now=now)
                keep_sizes(connection, sizes, lessons.sizes, now)
            # Its products are kept. They need not stay in memory while the next are read.
            del fetched, filenames
            yield answer


def _keep(
    connection: Connection,
    query: PedigreeQuery,
    fetched: Fetched[Product],
    *,
    filenames: AbstractSet[str],
    first_data: AbstractSet[int],
    now: datetime,
) -> Answer:
    """Compare one answer with what was known, in a writing transaction."""
    states = stored_coverage.load(connection, query.programs, for_update=query.instrument)
    if any(state.asked_at is not None and now < state.asked_at <= now + RACE for state in states.values()):
        # Another process asked later and was faster. Its answer stands.
        return Answer(query, replace(fetched, items=()), notes=("a later answer was kept already",))
    known = stored_products.known_by_name(connection, (product.filename for product in fetched.items))
    comparison = compare(
        fetched.items,
        known,
        baseline=_first_seen(connection, query, fetched, states),
        first_data=first_data,
        is_complete=fetched.is_complete,
        now=now,
    )
    news = list(comparison.changes)
    if query.is_sweep and fetched.is_complete:
        seen = fetched.unchanged | {product.filename for product in fetched.items}
        news += _missing(connection, query, filenames - seen, now)
    stored_products.keep(connection, comparison.known, known.keys())
    _found_again(connection, query, fetched.unchanged)
    stored_changes.record(connection, news)
    returned = {name for name, state in known.items() if state.withdrawn_at is not None}
    unexpected = [change for change in comparison.changes if change.filename not in returned]
    reason = why_increments_fail(query, fetched, changes=unexpected, states=states)
    notes = _turn_increments_off(connection, query.instrument, reason, now) if reason else ()
    if not query.only_stale:
        for state in states.values():
            stored_coverage.save(connection, _covered(state, query, fetched, now))
    _tell(query, fetched, len(news), notes)
    return Answer(query, replace(fetched, items=()), len(news), len(comparison.held), notes)


def _why_no_stale_question(fetched: Fetched[Product]) -> str | None:
    """Why the service is not to be asked for what is stale alone; None where it may well be."""
    if any(product.is_stale is False for product in fetched.items):
        return "the service ignores the filter on isStale: stale flags are seen by sweeps alone"
    refusal = next((problem for problem in fetched.problems if _REFUSAL in problem), None)
    return None if refusal is None else f"the service takes no filter on isStale: {refusal}"


def _turn_increments_off(
    connection: Connection, instrument: Instrument, reason: str, now: datetime
) -> tuple[str, ...]:
    until = now + INCREMENTS_OFF_FOR
    stored_coverage.turn_increments_off(connection, instrument, now, until, reason)
    return (f"{instrument.written}: increments are off until {until:%d %b %Y}: {reason}",)


def _first_seen(
    connection: Connection,
    query: PedigreeQuery,
    fetched: Fetched[Product],
    states: Mapping[tuple[Instrument, int], Coverage],
) -> set[int]:
    """The programs that are seen for the first time, so that what they have is no news.

    A program that was empty at its first sight, and now has only what was ingested long before, was not empty:
    the service did not say all. This is its first sight.
    """
    first = {program for (_, program), state in states.items() if state.baseline_at is None}
    old: dict[int, bool] = {}
    for product in fetched.items:
        since = states[product.instrument, product.program].baseline_at
        is_old = since is not None and product.archived_at is not None and product.archived_at < since - SETTLED
        old[product.program] = is_old and old.get(product.program, True)
    only_old = {program for program, is_old in old.items() if is_old}
    if only_old:
        only_old -= stored_products.with_data(connection, only_old, query.instrument)
    return first | only_old


def _missing(
    connection: Connection,
    query: PedigreeQuery,
    filenames: AbstractSet[str],
    now: datetime,
) -> tuple[Change, ...]:
    """Count what a complete sweep lacks, and tell as withdrawn what it lacked often enough."""
    if not filenames:
        return ()
    missing = stored_products.known_by_name(connection, sorted(filenames)).values()
    totals = stored_products.counts(connection, query.programs, query.instrument)
    judgement = judge(missing, totals, now)
    stored_products.keep(connection, judgement.known, filenames)
    return judgement.changes


def _found_again(connection: Connection, query: PedigreeQuery, filenames: AbstractSet[str]) -> None:
    """Forget that a product was missed when its row is there again, byte for byte."""
    missed = {known.product.filename for known in stored_products.missed(connection, query.programs)}
    stored_products.found_again(connection, missed & filenames)


def _covered(state: Coverage, query: PedigreeQuery, fetched: Fetched[Product], now: datetime) -> Coverage:
    if not fetched.is_complete:
        return replace(state, asked_at=now, problem="; ".join(fetched.problems))
    return replace(
        state,
        asked_at=now,
        complete_at=now,
        problem=None,
        baseline_at=state.baseline_at or (now if query.is_sweep else None),
        sweep_at=now if query.is_sweep else state.sweep_at,
    )


def _without_data(
    interest: Mapping[Instrument, AbstractSet[int]], situation: Situation, with_data: AbstractSet[int]
) -> frozenset[int]:
    """The programs that were known to have no data at all. That takes the word of every instrument."""
    known = frozenset.intersection(
        *(
            frozenset(
                program
                for program in interest.get(instrument, frozenset())
                if (state := situation.coverage.get((instrument, program))) and state.baseline_at
            )
            for instrument in Instrument
        )
    )
    return known - with_data


def _oldest_first(
    interest: Mapping[Instrument, AbstractSet[int]], situation: Situation
) -> dict[Instrument, AbstractSet[int]]:
    """The instruments by their oldest complete answers, so that none waits for ever behind another."""

    def oldest(instrument: Instrument) -> float:
        states = (situation.coverage.get((instrument, program)) for program in interest[instrument])
        return min(state.complete_at.timestamp() if state and state.complete_at else 0.0 for state in states)

    return {instrument: interest[instrument] for instrument in sorted(interest, key=oldest)}


def _tell(query: PedigreeQuery, fetched: Fetched[Product], changes: int, notes: tuple[str, ...]) -> None:
    log = _log.bind(
        instrument=query.instrument.value,
        programs=len(query.programs),
        sweep=query.is_sweep,
        rows=fetched.rows,
        requests=fetched.requests,
        changes=changes,
    )
    for note in (*fetched.warnings, *notes):
        log.warning("note", note=note)
    if fetched.is_complete:
        log.info("answer")
    else:
        log.warning("incomplete answer", problems=list(fetched.problems))
