"""What all runs did, added up. Runs are forgotten after a while; this is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from pedigreed.model.work import Work
from pedigreed.store.insert import insert_or_add
from pedigreed.store.tables import totals

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Connection


def add(connection: Connection, work: Work, amounts: Mapping[str, int]) -> None:
    """Add amounts, by what they are of, to the totals of one kind of work."""
    # In one order, so that two processes that add at once wait for each other and not in a circle.
    rows = [
        {"work": work.value, "what": what, "amount": amount} for what, amount in sorted(amounts.items()) if amount
    ]
    if rows:
        connection.execute(insert_or_add(connection, totals, totals.c.amount), rows)


def load(connection: Connection) -> dict[tuple[Work, str], int]:
    """Every total that is not zero, by kind of work and what it is of."""
    return {(Work(row.work), row.what): row.amount for row in connection.execute(select(totals))}
