"""Ask MAST, compare each answer with the store, and keep it with its changes: one transaction for each answer."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING

import structlog

from pedigreed.changes.compare import compare
from pedigreed.changes.relisting import higher_levels_of, lower_levels_of, relisting
from pedigreed.changes.withdrawal import judge
from pedigreed.model.change import ChangeKind
from pedigreed.model.coverage import Fetched
from pedigreed.model.failure import StoreError, TryAgain
from pedigreed.model.instant import ROUNDING
from pedigreed.model.instrument import Instrument
from pedigreed.service.asking import INCREMENTS_OFF_FOR, Situation, queries, why_increments_fail
from pedigreed.service.learning import (
    keep_columns,
    keep_finds_stale,
    keep_sizes,
    keep_stale_filter_ignored,
    load_lessons,
)
from pedigreed.sources.mast.query import PedigreeQuery
from pedigreed.store import changes as stored_changes
from pedigreed.store import coverage as stored_coverage
from pedigreed.store import products as stored_products

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from pedigreed.model.change import Change
    from pedigreed.model.coverage import Coverage
    from pedigreed.model.product import KnownProduct, Product
    from pedigreed.service.learning import Lessons
    from pedigreed.sources.mast.archive import MastArchive
    from pedigreed.store.database import Store

RACE = timedelta(hours=1)
"""An answer that is older than the one that is kept by less than this came second. By more, a clock was wrong."""

SETTLED = timedelta(days=1)
"""What was ingested so long before the first sight was there then, whatever the service said."""

_REFUSAL = "MAST answered ERROR"
_OLD_ANSWER = "the answer is older than what is known: asked again in other words"

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
        perhaps_relisted: programs with a new product in whose place a lower level was listed. Only a sweep can
            tell whether that left the list.
        marked: programs of products that a sweep found to be marked as stale, and that were not before.
    """

    query: PedigreeQuery
    fetched: Fetched[Product]
    changes: int = 0
    held: int = 0
    notes: tuple[str, ...] = ()
    perhaps_relisted: frozenset[int] = frozenset()
    marked: frozenset[int] = frozenset()


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
    replaced: set[tuple[Instrument, int]] = set()
    marked: set[tuple[Instrument, int]] = set()
    doubted: list[PedigreeQuery] = []
    planned = queries(_oldest_first(interest, situation), situation, sweep_every, now, stale=stale)
    for query in chain(planned, _sweeps_of(replaced), _each_of(doubted), _flags_of(marked)):
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
            try:
                if part.is_sweep and part.observations is None and _is_old_answer(store, part, fetched, filenames):
                    doubted.append(part.otherwise)
                    yield Answer(part, replace(fetched, items=()), notes=(_OLD_ANSWER,))
                    continue
                part = replace(part, observations=None)  # noqa: PLW2901  # all of them
                with store.writing() as connection:
                    keep_columns(connection, part.instrument, fetched, lessons, now)
                    if part.only_stale:
                        fetched = _learnt_of_flags(connection, part, fetched, lessons, now)  # noqa: PLW2901
                    answer = _keep(connection, part, fetched, filenames=filenames, first_data=first_data, now=now)
                    keep_sizes(connection, sizes, lessons.sizes, now)
            except (StoreError, TryAgain):
                raise
            except Exception as error:  # noqa: BLE001  # whatever it is, it is one answer's
                _log.exception("an answer was not kept", instrument=part.instrument.value)
                answer = _keep_failure(store, part, fetched, error, now)
            replaced |= {(part.instrument, program) for program in answer.perhaps_relisted}
            if part.instrument in lessons.finds_stale:
                marked |= {(part.instrument, program) for program in answer.marked}
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
    missing: AbstractSet[str] = frozenset()
    if query.is_sweep and fetched.is_complete:
        missing = filenames - fetched.unchanged - {product.filename for product in fetched.items}
    totals = stored_products.counts(connection, query.programs, query.instrument) if missing else {}
    stored_products.keep(connection, comparison.known, known.keys())
    _found_again(connection, query, fetched.unchanged)
    stored_changes.record(connection, comparison.changes)
    gone = _missing(connection, missing, totals, now)
    stored_changes.record(connection, gone)
    news = [*comparison.changes, *gone]
    returned = {name for name, state in known.items() if state.withdrawn_at is not None}
    unexpected = [change for change in comparison.changes if change.filename not in returned]
    reason = why_increments_fail(query, fetched, changes=unexpected, states=states)
    notes = _turn_increments_off(connection, query.instrument, reason, now) if reason else ()
    if not query.only_stale:
        for state in states.values():
            stored_coverage.save(connection, _covered(state, query, fetched, now))
    _tell(query, fetched, len(news), notes)
    return Answer(
        query,
        replace(fetched, items=()),
        len(news),
        len(comparison.held),
        notes,
        frozenset() if query.is_sweep else _perhaps_relisted(connection, comparison.changes),
        frozenset(change.program for change in comparison.changes if change.kind is ChangeKind.STALE)
        if query.is_sweep
        else frozenset(),
    )


def _keep_failure(
    store: Store, query: PedigreeQuery, fetched: Fetched[Product], error: Exception, now: datetime
) -> Answer:
    """Keep that an answer could not be compared or kept: what it was asked for is not checked."""
    problem = f"pedigreed failed: {type(error).__name__}"
    failed: Fetched[Product] = Fetched(
        (), is_complete=False, problems=(problem,), requests=fetched.requests, rows=fetched.rows
    )
    with store.writing() as connection:
        states = stored_coverage.load(connection, query.programs, for_update=query.instrument)
        for state in () if query.only_stale else states.values():
            stored_coverage.save(connection, _covered(state, query, failed, now))
    _tell(query, failed, 0, ())
    return Answer(query, failed)


def _perhaps_relisted(connection: Connection, changes: Iterable[Change]) -> frozenset[int]:
    """The programs of new products of whose exposure a lower level was known before."""
    new = {change.filename: change for change in changes if change.kind is ChangeKind.NEW}
    lower = {name: higher for higher in new for name in lower_levels_of(higher) if name not in new}
    known = stored_products.there_by_name(connection, sorted(lower))
    return frozenset(product.program for product in known.values())


def _is_old_answer(
    store: Store, query: PedigreeQuery, fetched: Fetched[Product], filenames: AbstractSet[str]
) -> bool:
    """Whether a sweep brings older versions than are known, or lacks what came after the last one.

    The archive may have gone back. But a cache may also have answered with what was so at an earlier sweep.
    """
    missing = filenames - fetched.unchanged - {product.filename for product in fetched.items}
    came = {product.filename: product.archived_at for product in fetched.items}
    with store.reading() as connection:
        swept = {pair: state.sweep_at for pair, state in stored_coverage.load(connection, query.programs).items()}
        if not any(swept.values()):
            return False
        known = stored_products.there_by_name(connection, sorted({*missing, *came}))
    for filename, product in known.items():
        at = product.archived_at
        if at is None:
            continue
        now_at = came.get(filename)
        last = swept.get((product.instrument, product.program))
        if now_at is not None and now_at < at - ROUNDING:
            return True
        if filename in missing and last is not None and at > last:
            return True
    return False


def _each_of(doubted: list[PedigreeQuery]) -> Iterator[PedigreeQuery]:
    """Each, as long as there are any."""
    while doubted:
        yield doubted.pop()


def _sweeps_of(pairs: AbstractSet[tuple[Instrument, int]]) -> Iterator[PedigreeQuery]:
    """A sweep of each program. It looks at the pairs only when it is asked for the first."""
    for instrument in sorted({instrument for instrument, _ in pairs}):
        yield PedigreeQuery(instrument, tuple(sorted(program for of, program in pairs if of is instrument)))


def _flags_of(pairs: AbstractSet[tuple[Instrument, int]]) -> Iterator[PedigreeQuery]:
    """The question for what is stale, right after a sweep that knows the answer. As lazy as `_sweeps_of`."""
    for sweep in _sweeps_of(pairs):
        yield replace(sweep, only_stale=True)


def _learnt_of_flags(
    connection: Connection, query: PedigreeQuery, fetched: Fetched[Product], lessons: Lessons, now: datetime
) -> Fetched[Product]:
    """Keep what an answer to the question for what is stale says of the service, and that the flags are known."""
    why = _why_no_stale_question(fetched)
    if why is None and fetched.is_complete and query.instrument in lessons.finds_stale:
        why = _why_not_all_stale(connection, query, fetched, now)
        if why is not None:
            stored_coverage.forget_flags(connection, query.instrument)
    if why is not None:
        lessons.finds_stale.discard(query.instrument)
        keep_stale_filter_ignored(connection, query.instrument, why, now)
        return replace(fetched, is_complete=True, problems=(), warnings=(why,))
    keep_finds_stale(connection, query.instrument, fetched, lessons, now)
    if fetched.is_complete and query.instrument in lessons.finds_stale:
        states = stored_coverage.load(connection, query.programs, for_update=query.instrument)
        for state in states.values():
            stored_coverage.save(connection, replace(state, flags_at=now))
    return fetched


def _why_no_stale_question(fetched: Fetched[Product]) -> str | None:
    """Why the service is not to be asked for what is stale alone; None where it may well be."""
    if any(product.is_stale is False for product in fetched.items):
        return "the service ignores the filter on isStale: stale flags are seen by sweeps alone"
    refusal = next((problem for problem in fetched.problems if _REFUSAL in problem), None)
    return None if refusal is None else f"the service takes no filter on isStale: {refusal}"


def _why_not_all_stale(
    connection: Connection, query: PedigreeQuery, fetched: Fetched[Product], now: datetime
) -> str | None:
    """What a sweep of the same moment shows to lack in the answer; None where nothing does."""
    states = stored_coverage.load(connection, query.programs)
    swept = [
        program
        for (of, program), state in states.items()
        if of is query.instrument and state.sweep_at is not None and state.sweep_at >= now - ROUNDING
    ]
    marked = stored_products.marked_stale(connection, query.instrument, swept)
    missed = marked - {product.filename for product in fetched.items}
    if not missed:
        return None
    return (
        f"the filter on isStale misses {len(missed):,} of {len(marked):,} products that a sweep finds marked: "
        "stale flags are seen by sweeps alone"
    )


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
    connection: Connection, filenames: AbstractSet[str], totals: Mapping[int, int], now: datetime
) -> tuple[Change, ...]:
    """Count what a complete sweep lacks, and tell as withdrawn what it lacked often enough.

    What left the list for a higher level of its exposure is told as that, at once.
    """
    if not filenames:
        return ()
    missing = stored_products.known_by_name(connection, sorted(filenames))
    relisted = _relisted(connection, missing, now)
    gone = [known for filename, known in missing.items() if filename not in relisted]
    judgement = judge(gone, totals, now)
    stored_products.keep(connection, judgement.known, filenames)
    return (*relisted.values(), *judgement.changes)


def _relisted(connection: Connection, missing: Mapping[str, KnownProduct], now: datetime) -> dict[str, Change]:
    """File name of a product that is listed at a higher level now -> the change. Keeps both states."""
    pairs = [(lower, higher) for lower in missing for higher in higher_levels_of(lower) if higher not in missing]
    there = stored_products.known_by_name(connection, sorted({higher for _, higher in pairs}))
    came = stored_changes.came_at(connection, sorted({name for pair in pairs for name in pair}))
    relisted: dict[str, Change] = {}
    for lower, higher in pairs:
        # Some services list both levels. Only one that came after the other took its place.
        is_later = higher in came and (lower not in came or came[higher] > came[lower])
        if lower in relisted or higher not in there or not is_later or there[higher].withdrawn_at is not None:
            continue
        relisted[lower], gone, there[higher] = relisting(missing[lower], there[higher], now)
        stored_products.keep(connection, [gone, there[higher]], {lower, higher})
    return relisted


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
