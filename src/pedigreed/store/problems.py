"""What is wrong with pedigreed itself, as the operator knows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from pedigreed.model.problem import KnownProblem, Problem, ProblemKind
from pedigreed.store.database import insert_or_replace, lock_for_transaction
from pedigreed.store.tables import problems

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


def load(connection: Connection, *, for_update: bool = False) -> list[KnownProblem]:
    """Every problem that is not over, in a fixed order.

    Args:
        connection: a transaction.
        for_update: let no other process change them until the transaction ends.
    """
    if for_update:
        lock_for_transaction(connection, "problems")
    query = select(problems).order_by(problems.c.kind, problems.c.name)
    return [
        KnownProblem(
            Problem(ProblemKind(row.kind), row.name, row.reason, row.since, row.seen_at, row.waits),
            row.times,
            row.told_at,
        )
        for row in connection.execute(query)
    ]


def keep(connection: Connection, known: KnownProblem) -> None:
    """Keep a problem as it is seen now."""
    problem = known.problem
    connection.execute(
        insert_or_replace(connection, problems).values(
            kind=problem.kind.value,
            name=problem.name,
            reason=problem.reason,
            since=problem.since,
            seen_at=problem.seen_at,
            waits=problem.waits,
            times=known.times,
            told_at=known.told_at,
        )
    )


def end(connection: Connection, problem: Problem) -> None:
    """Forget a problem that is over."""
    connection.execute(
        delete(problems).where(problems.c.kind == problem.kind.value, problems.c.name == problem.name)
    )
