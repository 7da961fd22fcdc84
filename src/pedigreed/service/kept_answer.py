"""An answer of the archive, compared with what was known and kept with its changes: one transaction for each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from pedigreed.changes.almanac import arrivals_of, waits_of
from pedigreed.changes.compare import compare
from pedigreed.changes.withdrawal import higher_levels_of, judge, lower_levels_of, relisting
from pedigreed.model.change import ChangeKind
from pedigreed.model.coverage import Fetched, gap_between
from pedigreed.model.instant import ROUNDING
from pedigreed.model.program import about_programs
from pedigreed.service.file_sets import keep_file_sets
from pedigreed.store import almanac as stored_almanac
from pedigreed.store import changes as stored_changes
from pedigreed.store import coverage as stored_coverage
from pedigreed.store import products as stored_products
from pedigreed.store import programs as stored_programs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from pedigreed.model.change import Change
    from pedigreed.model.coverage import Coverage
    from pedigreed.model.instrument import Instrument
    from pedigreed.model.product import KnownProduct, Product
    from pedigreed.sources.mast.query import PedigreeQuery
    from pedigreed.store.database import Store

_OLD_ANSWER = "the answer is older than what is known: asked again in other words"

RACE = timedelta(hours=1)
"""An answer that is older than the one that is kept by less than this came second. By more, a clock was wrong."""

SETTLED = timedelta(days=1)
"""What was ingested so long before the first sight was there then, whatever the service said."""

LATE = timedelta(hours=12)
"""A product that was ingested so long before an increment was answered should have been in it."""

INCREMENTS_OFF_FOR = timedelta(days=30)
"""How long everything is asked for each time, once increments were shown to miss something."""

_PEDIGREE_KINDS = frozenset((ChangeKind.FIRST, ChangeKind.NEW, ChangeKind.REPROCESSED, ChangeKind.REGRESSED))

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """One answer of the archive, as it was kept.

    Attributes:
        query: what was asked.
        fetched: what came; its items, and which were as they were, are left out once they are kept.
        changes: how many changes it showed.
        held: how many products it would have moved backwards, had it been complete.
        notes: what was done about it; for people.
        perhaps_relisted: programs with a new product in whose place a lower level was listed. Only a sweep can
            tell whether that left the list.
        marked: programs of products that a sweep found to be marked as stale, and that were not before.
        is_by_set: whether none came, and MAST's search of file sets stood in for all of it.
        is_old: whether it was older than what is known, so that nothing of it was kept.
    """

    query: PedigreeQuery
    fetched: Fetched[Product]
    changes: int = 0
    held: int = 0
    notes: tuple[str, ...] = ()
    perhaps_relisted: frozenset[int] = frozenset()
    marked: frozenset[int] = frozenset()
    is_by_set: bool = False
    is_old: bool = False

    @property
    def is_checked(self) -> bool:
        """Whether what was asked is known now, be it by file set alone."""
        return self.fetched.is_complete or self.is_by_set


def keep_answer(
    connection: Connection,
    query: PedigreeQuery,
    fetched: Fetched[Product],
    *,
    filenames: AbstractSet[str],
    first_data: AbstractSet[int],
    may_be_old: bool,
    now: datetime,
) -> KeptAnswer:
    """Compare one answer with what was known, in a writing transaction.

    With `may_be_old`, a sweep that is older than what is known is not kept.
    """
    states = stored_coverage.load(connection, query.programs, for_update=query.instrument)
    if any(state.asked_at is not None and now < state.asked_at <= now + RACE for state in states.values()):
        # Another process asked later and was faster. Its answer stands.
        return KeptAnswer(query, _without_rows(fetched), notes=("a later answer was kept already",))
    if fetched.file_sets is not None:
        kept = keep_file_sets(connection, query, fetched, states, now)
        _log_answer(query, fetched, kept.changes, (kept.note,))
        return KeptAnswer(
            query,
            replace(fetched, file_sets=None),
            kept.changes,
            notes=(kept.note,),
            is_by_set=kept.is_whole,
        )
    known = stored_products.known_by_name(connection, (product.filename for product in fetched.items))
    missing: AbstractSet[str] = frozenset()
    if query.is_sweep and (fetched.is_complete or fetched.rows):
        missing = filenames - fetched.unchanged - {product.filename for product in fetched.items}
        if may_be_old and _is_old_answer(connection, fetched, known, missing, states):
            return KeptAnswer(query, _without_rows(fetched), notes=(_OLD_ANSWER,), is_old=True)
        if not fetched.is_complete:
            missing = frozenset()
    flagged = {filename for filename, state in known.items() if state.product.is_stale}
    flagged_since = stored_almanac.flagged_since(connection, flagged)
    comparison = compare(
        fetched.items,
        known,
        baseline=_first_seen(connection, query, fetched, states),
        first_data=first_data,
        is_complete=fetched.is_complete,
        now=now,
    )
    totals = stored_products.counts(connection, query.programs, query.instrument) if missing else {}
    stored_products.keep(connection, comparison.known, known)
    _found_again(connection, query, fetched.unchanged)
    stored_changes.record(connection, comparison.changes)
    gone = _missing(connection, missing, totals, now)
    stored_changes.record(connection, gone)
    news = [*comparison.changes, *gone]
    returned = {name for name, state in known.items() if state.withdrawn_at is not None}
    unexpected = [change for change in comparison.changes if change.filename not in returned]
    reason = _why_increments_fail(query, fetched, changes=unexpected, states=states)
    notes = _turn_increments_off(connection, query.instrument, reason, now) if reason else ()
    if not query.only_stale:
        covered = [_covered(state, query, fetched, now) for state in states.values()]
        stored_coverage.save(connection, *covered)
        for before, after in zip(states.values(), covered, strict=True):
            if gap := gap_between(before, after):
                stored_coverage.keep_gap(connection, gap)
    stored_programs.keep(connection, about_programs(fetched.items))
    at_first_sight = (
        state.product for state in comparison.known if not state.revision and state.product.filename not in known
    )
    stored_almanac.keep(
        connection,
        arrivals_of(comparison.changes, at_first_sight, now),
        waits_of(comparison.changes, flagged_since),
    )
    _log_answer(query, fetched, len(news), notes)
    return KeptAnswer(
        query,
        _without_rows(fetched),
        len(news),
        len(comparison.held),
        notes,
        frozenset() if query.is_sweep else _perhaps_relisted(connection, comparison.changes),
        frozenset(change.program for change in comparison.changes if change.kind is ChangeKind.STALE)
        if query.is_sweep
        else frozenset(),
    )


def _without_rows(fetched: Fetched[Product]) -> Fetched[Product]:
    """The answer, without what is of each row: a week's part of the whole archive would fill the memory."""
    return replace(fetched, items=(), unchanged=frozenset())


def keep_failure(
    store: Store, query: PedigreeQuery, fetched: Fetched[Product], error: Exception, now: datetime
) -> KeptAnswer:
    """Keep that an answer could not be compared or kept: what it was asked for is not checked."""
    problem = f"pedigreed failed: {type(error).__name__}"
    failed: Fetched[Product] = Fetched(
        (), is_complete=False, problems=(problem,), requests=fetched.requests, rows=fetched.rows
    )
    with store.writing() as connection:
        states = stored_coverage.load(connection, query.programs, for_update=query.instrument)
        if not query.only_stale:
            covered = [_covered(state, query, failed, now) for state in states.values()]
            stored_coverage.save(connection, *covered)
    _log_answer(query, failed, 0, ())
    return KeptAnswer(query, failed)


def _is_old_answer(
    connection: Connection,
    fetched: Fetched[Product],
    known: Mapping[str, KnownProduct],
    missing: AbstractSet[str],
    states: Mapping[tuple[Instrument, int], Coverage],
) -> bool:
    """Whether a sweep brings older versions than are known, or lacks what came after the last one.

    The archive may have gone back. But a cache may also have answered with what was so at an earlier sweep.
    """
    if not any(state.sweep_at for state in states.values()):
        return False
    for product in fetched.items:
        before = known.get(product.filename)
        if (
            before is not None
            and before.withdrawn_at is None
            and before.product.archived_at is not None
            and product.archived_at is not None
            and product.archived_at < before.product.archived_at - ROUNDING
        ):
            return True
    for _, instrument, program, at in stored_products.archived(connection, sorted(missing)):
        last = states[instrument, program].sweep_at
        if at is not None and last is not None and at > last:
            return True
    return False


def _perhaps_relisted(connection: Connection, changes: Iterable[Change]) -> frozenset[int]:
    """The programs of new products of whose exposure a lower level was known before."""
    new = {change.filename: change for change in changes if change.kind is ChangeKind.NEW}
    lower = {name: higher for higher in new for name in lower_levels_of(higher) if name not in new}
    known = stored_products.there_by_name(connection, sorted(lower))
    return frozenset(product.program for product in known.values())


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
    stored_products.keep(connection, judgement.known, missing)
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
        before = {lower: missing[lower], higher: there[higher]}
        relisted[lower], gone, there[higher] = relisting(missing[lower], there[higher], now)
        stored_products.keep(connection, [gone, there[higher]], before)
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


def _log_answer(query: PedigreeQuery, fetched: Fetched[Product], changes: int, notes: tuple[str, ...]) -> None:
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


def _why_increments_fail(
    query: PedigreeQuery,
    fetched: Fetched[Product],
    *,
    changes: Sequence[Change],
    states: Mapping[tuple[Instrument, int], Coverage],
) -> str | None:
    """Why increments can't be trusted to bring all that is younger; None where nothing speaks against them.

    Args:
        query: what was asked.
        fetched: what came.
        changes: that it showed, of products that were not withdrawn before.
        states: the coverage before it, by instrument and program.
    """
    if fetched.ignored_limits:
        return "the service ignored the limit and sent older rows too"
    if not query.is_sweep:
        return None
    overlooked = [change for change in changes if _was_overlooked(change, states)]
    if not overlooked:
        return None
    return f"a sweep found {len(overlooked):,} changes that they had missed, {overlooked[0].filename} first"


def _was_overlooked(change: Change, states: Mapping[tuple[Instrument, int], Coverage]) -> bool:
    state = states[change.instrument, change.program]
    if change.kind not in _PEDIGREE_KINDS or state.complete_at is None or state.sweep_at is None:
        return False
    had_increments = state.complete_at > state.sweep_at
    made = change.archived_at or (change.after.date if change.after else None)
    return had_increments and made is not None and made < state.complete_at - LATE
