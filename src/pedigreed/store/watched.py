"""What each subscription watches: from which change on, and which digest covered its first sight of a program.

A subscription that begins to watch a program gets what changes from then on, by the order in which changes
were recorded. Time is no measure for it: clocks are set back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from pedigreed.model.instrument import Instrument
from pedigreed.store import coverage
from pedigreed.store.statements import insert_or_skip
from pedigreed.store.tables import changes, watched

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy.engine import Connection

Pair = tuple[Instrument, int]
"""An instrument and a program."""


def begin(connection: Connection, subscription: str, pairs: Collection[Pair]) -> None:
    """Watch these pairs from the newest change on. A pair that is watched already stays as it is."""
    query = select(watched.c.instrument, watched.c.program).where(watched.c.subscription == subscription)
    known = {(Instrument(instrument), program) for instrument, program in connection.execute(query)}
    new = sorted(set(pairs) - known)
    if not new:
        return
    # No answer about these programs is being kept meanwhile: its changes come before, or after.
    for instrument in sorted({instrument for instrument, _ in new}):
        coverage.load(connection, {program for of, program in new if of is instrument}, for_update=instrument)
    newest = connection.execute(select(func.coalesce(func.max(changes.c.id), 0))).scalar_one()
    rows = [
        {
            "subscription": subscription,
            "instrument": instrument.value,
            "program": program,
            "after_change": newest,
        }
        for instrument, program in new
    ]
    connection.execute(insert_or_skip(connection, watched), rows)


def introduced(connection: Connection, subscription: str) -> frozenset[Pair]:
    """The pairs whose baseline a digest of the subscription covered."""
    query = select(watched.c.instrument, watched.c.program).where(
        watched.c.subscription == subscription, watched.c.introduced_in.is_not(None)
    )
    return frozenset((Instrument(instrument), program) for instrument, program in connection.execute(query))


def introduce(connection: Connection, subscription: str, label: str, pairs: Iterable[Pair]) -> None:
    """Say that a period covers the baseline of these pairs, which are watched."""
    for instrument, program in sorted(pairs):
        connection.execute(
            update(watched)
            .where(
                watched.c.subscription == subscription,
                watched.c.instrument == instrument.value,
                watched.c.program == program,
            )
            .values(introduced_in=label)
        )
