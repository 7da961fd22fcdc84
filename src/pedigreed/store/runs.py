"""The runs of work: what each did, which is kept for a while, and what all did together, kept for good."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, delete, func, insert, select, update

from pedigreed.model.work import Run, Work
from pedigreed.store.database import insert_or_add, lock_for_transaction
from pedigreed.store.tables import runs, totals

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from sqlalchemy.engine import Connection


def add_totals(connection: Connection, work: Work, amounts: Mapping[str, int]) -> None:
    """Add amounts, by what they are of, to the totals of one kind of work."""
    # In one order, so that two processes that add at once wait for each other and not in a circle.
    rows = [
        {"work": work.value, "what": what, "amount": amount} for what, amount in sorted(amounts.items()) if amount
    ]
    if rows:
        connection.execute(insert_or_add(connection, totals, totals.c.amount), rows)


def load_totals(connection: Connection) -> dict[tuple[Work, str], int]:
    """Every total that is not zero, by kind of work and what it is of."""
    return {(Work(row.work), row.what): row.amount for row in connection.execute(select(totals))}


KEPT_FOR = timedelta(days=90)
"""A run is forgotten after that. What it did stays in the totals."""


def begin(connection: Connection, work: Work, now: datetime, *, after: int | None = None) -> int | None:
    """Say that work begins, and forget what is long ago. Gives the run's number.

    None where the same work was begun by another process since the run `after`, the last that was known when this
    one was decided on.
    """
    lock_for_transaction(connection, f"begin to {work}")
    if after is not None:
        query = select(runs.c.id).where(runs.c.work == work.value, runs.c.id > after)
        if connection.execute(query).first() is not None:
            return None
    connection.execute(delete(runs).where(runs.c.started_at < now - KEPT_FOR))
    number: int = connection.execute(
        insert(runs)
        .values(work=work.value, started_at=now, requests=0, rows=0, changes=0, digests=0, deliveries=0)
        .returning(runs.c.id)
    ).scalar_one()
    return number


def end(connection: Connection, run: Run) -> None:
    """Say how a run went, and add what it did to the totals."""
    connection.execute(
        update(runs)
        .where(runs.c.id == run.key)
        .values(
            ended_at=run.ended_at,
            requests=run.requests,
            rows=run.rows,
            changes=run.changes,
            digests=run.digests,
            deliveries=run.deliveries,
            problem=run.problem,
        )
    )
    add_totals(connection, run.work, run.amounts())


def forget_unended(connection: Connection) -> None:
    """Forget the runs that have not ended. Only for a process that is sure that nobody is at them."""
    connection.execute(delete(runs).where(runs.c.ended_at.is_(None)))


def break_off(
    connection: Connection, work: Work, problem: str, now: datetime, *, since: datetime | None = None
) -> int:
    """Say why runs did not come to their end: all, or those that began since a moment (UTC). Gives how many.

    Only for a process that is sure that nobody is at them. Should somebody be, how it went is kept at its end.
    """
    unended = update(runs).where(runs.c.work == work.value, runs.c.ended_at.is_(None))
    if since is not None:
        unended = unended.where(runs.c.started_at >= since)
    return connection.execute(unended.values(ended_at=now, problem=problem)).rowcount


def add_broken_off(connection: Connection, work: Work, problem: str, began: datetime, now: datetime) -> None:
    """Keep a run whose process ended before it could say that it began, unless one began since."""
    since = select(runs.c.id).where(runs.c.work == work.value, runs.c.started_at >= began)
    if connection.execute(since).first() is None:
        number = begin(connection, work, began)
        assert number is not None
        end(connection, Run(number, work, began, now, problem=problem))


def unended(connection: Connection) -> dict[int, Work]:
    """The runs that go on, or whose process was killed, by their number."""
    query = select(runs.c.id, runs.c.work).where(runs.c.ended_at.is_(None))
    return {row.id: Work(row.work) for row in connection.execute(query)}


def fail(connection: Connection, numbers: Collection[int], problem: str, now: datetime) -> None:
    """Say why runs did not end. One that ended meanwhile stays as it is."""
    connection.execute(
        update(runs).where(runs.c.id.in_(numbers), runs.c.ended_at.is_(None)).values(ended_at=now, problem=problem)
    )


def newest(connection: Connection, work: Work, limit: int = 1) -> list[Run]:
    """The last runs of a kind, the newest first."""
    query = select(runs).where(runs.c.work == work.value).order_by(runs.c.id.desc()).limit(limit)
    return [_run_of(row) for row in connection.execute(query)]


def last_ended(connection: Connection) -> dict[Work, datetime]:
    """When the last run of each kind ended, UTC."""
    newest = func.max(runs.c.ended_at, type_=runs.c.ended_at.type)
    query = select(runs.c.work, newest).where(runs.c.ended_at.is_not(None)).group_by(runs.c.work)
    return {Work(work): ended_at for work, ended_at in connection.execute(query)}


def _run_of(row: Row[Any]) -> Run:
    return Run(
        key=row.id,
        work=Work(row.work),
        started_at=row.started_at,
        ended_at=row.ended_at,
        requests=row.requests,
        rows=row.rows,
        changes=row.changes,
        digests=row.digests,
        deliveries=row.deliveries,
        problem=row.problem,
    )
