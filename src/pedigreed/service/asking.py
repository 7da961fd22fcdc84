"""What to ask MAST in this cycle: everything of a program, or only what is younger than the last answer. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from pedigreed.model.change import ChangeKind
from pedigreed.model.coverage import Coverage
from pedigreed.schedule import is_sweep_due
from pedigreed.sources.mast.query import PedigreeQuery

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from pedigreed.model.change import Change
    from pedigreed.model.coverage import Fetched
    from pedigreed.model.instrument import Instrument
    from pedigreed.model.product import Product

Item = TypeVar("Item")

_PEDIGREE_KINDS = frozenset((ChangeKind.FIRST, ChangeKind.NEW, ChangeKind.REPROCESSED, ChangeKind.REGRESSED))

PROGRAMS_A_QUERY = 100
"""A request names its programs one by one, so their number is limited."""

OVERLAP = timedelta(days=2)
"""How far an increment reaches back. A file may show up a day after its ingest ended."""

SECOND_LOOK = timedelta(hours=20)
"""When a product was missing, its program is swept again so soon, and not sooner."""

LATE = timedelta(hours=12)
"""A product that was ingested so long before an increment was answered should have been in it."""

INCREMENTS_OFF_FOR = timedelta(days=30)
"""How long everything is asked for each time, once increments were shown to miss something."""


@dataclass(frozen=True, slots=True)
class Situation:
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
    interest: Mapping[Instrument, AbstractSet[int]],
    situation: Situation,
    sweep_every: timedelta,
    now: datetime,
    *,
    stale: AbstractSet[int] = frozenset(),
) -> Iterator[PedigreeQuery]:
    """The queries of one cycle. Programs share them; what is due for a sweep is asked for everything.

    What MAST marks as stale does not show in the date of ingest. So the programs of which it is to be told, and
    that are not swept now, are asked for that alone.

    Args:
        interest: instrument -> the programs to ask for.
        situation: what is known before asking.
        sweep_every: how often everything is asked for.
        now: UTC.
        stale: programs of which it is to be told what is stale.
    """
    for instrument, programs in interest.items():
        sweeps, increments = [], []
        for program in sorted(programs):
            state = situation.coverage.get((instrument, program)) or Coverage(instrument, program)
            if _needs_sweep(state, situation, sweep_every, now):
                sweeps.append(program)
            else:
                increments.append(state)
        most = min(PROGRAMS_A_QUERY, situation.programs_a_query.get(instrument, PROGRAMS_A_QUERY))
        for some in _chunks(sweeps, most):
            yield PedigreeQuery(instrument, tuple(some))
        for states in _chunks(increments, most):
            since = min(state.complete_at for state in states if state.complete_at is not None)
            yield PedigreeQuery(instrument, tuple(state.program for state in states), since - OVERLAP)
        if instrument not in situation.not_asked_for_stale:
            flagged = [state.program for state in increments if state.program in stale]
            for some in _chunks(flagged, most):
                yield PedigreeQuery(instrument, tuple(some), only_stale=True)


def _needs_sweep(state: Coverage, situation: Situation, sweep_every: timedelta, now: datetime) -> bool:
    if state.baseline_at is None or state.complete_at is None or state.sweep_at is None:
        return True
    if state.complete_at > now or state.sweep_at > now:
        # The clock was ahead, and is right again.
        return True
    if state.instrument in situation.increments_off or now - state.complete_at >= sweep_every:
        return True
    pair = (state.instrument, state.program)
    if pair in situation.missed:
        return now - state.sweep_at >= SECOND_LOOK
    return is_sweep_due(state.program, state.sweep_at, sweep_every, now)


def _chunks(items: list[Item], most: int) -> Iterator[list[Item]]:
    for start in range(0, len(items), most):
        yield items[start : start + most]


def why_increments_fail(
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
