"""When increments can't be trusted to bring what is younger, and what is done about it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pedigreed.model.change import ChangeKind
from pedigreed.store import coverage as stored_coverage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from pedigreed.model.change import Change
    from pedigreed.model.coverage import Coverage
    from pedigreed.model.fetched import Fetched
    from pedigreed.model.instrument import Instrument
    from pedigreed.model.product import Product
    from pedigreed.sources.mast.query import PedigreeQuery

LATE = timedelta(hours=12)
"""A product that was ingested so long before an increment was answered should have been in it."""

INCREMENTS_OFF_FOR = timedelta(days=30)

_PEDIGREE_KINDS = frozenset((ChangeKind.FIRST, ChangeKind.NEW, ChangeKind.REPROCESSED, ChangeKind.REGRESSED))


def distrust_if_due(
    connection: Connection,
    query: PedigreeQuery,
    fetched: Fetched[Product],
    *,
    changes: Sequence[Change],
    states: Mapping[tuple[Instrument, int], Coverage],
    now: datetime,
) -> tuple[str, ...]:
    """Turn increments off where the service ignored a limit, or a sweep found what they should have brought."""
    reason = None
    if fetched.ignored_limits:
        reason = "the service ignored the limit and sent older rows too"
    elif query.is_sweep:
        overlooked = [change for change in changes if _was_overlooked(change, states)]
        if overlooked:
            reason = (
                f"a sweep found {len(overlooked):,} changes that they had missed, {overlooked[0].filename} first"
            )
    if reason is None:
        return ()
    until = now + INCREMENTS_OFF_FOR
    stored_coverage.turn_increments_off(connection, query.instrument, now, until, reason)
    return (f"{query.instrument.written}: increments are off until {until:%d %b %Y}: {reason}",)


def _was_overlooked(change: Change, states: Mapping[tuple[Instrument, int], Coverage]) -> bool:
    state = states[change.instrument, change.program]
    if change.kind not in _PEDIGREE_KINDS or state.complete_at is None or state.sweep_at is None:
        return False
    had_increments = state.complete_at > state.sweep_at
    made = change.archived_at or (change.after.date if change.after else None)
    return had_increments and made is not None and made < state.complete_at - LATE
