"""Subscriptions and their periods: from when a subscription is told, and which periods are closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, insert, select, update

from pedigreed.model.period import Period
from pedigreed.store.insert import insert_or_skip
from pedigreed.store.tables import baselines, periods, subscriptions

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy.engine import Connection


def since(connection: Connection, subscription: str, now: datetime) -> datetime:
    """From when on (UTC) a subscription is told of changes. The first sight of it is now."""
    connection.execute(insert_or_skip(connection, subscriptions).values(name=subscription, since=now))
    query = select(subscriptions.c.since).where(subscriptions.c.name == subscription)
    first_seen: datetime = connection.execute(query).scalar_one()
    return first_seen


def known_since(connection: Connection, subscription: str) -> datetime | None:
    """From when on (UTC) a subscription is told; None for one that was not seen yet."""
    query = select(subscriptions.c.since).where(subscriptions.c.name == subscription)
    return connection.execute(query).scalar()


def last_closed(connection: Connection, subscription: str) -> Period | None:
    """The newest closed period of a subscription."""
    return next(iter(recent(connection, subscription, 1)), None)


def recent(connection: Connection, subscription: str, limit: int) -> list[Period]:
    """The closed periods of a subscription, newest first."""
    return _newest(connection, limit, periods.c.subscription == subscription)


def last_told(connection: Connection, subscription: str) -> Period | None:
    """The newest period that had a digest."""
    return next(
        iter(_newest(connection, 1, periods.c.subscription == subscription, periods.c.digest_id.is_not(None))),
        None,
    )


def claim(connection: Connection, subscription: str, label: str, now: datetime) -> bool:
    """Take a period to close it in this transaction. False if another process has it, or had it."""
    moments = {"starts_at": now, "ends_at": now, "closed_at": now}
    taken = connection.execute(
        insert_or_skip(connection, periods)
        .values(subscription=subscription, label=label, is_checked=False, **moments)
        .returning(periods.c.label)
    )
    return taken.scalar() is not None


def close(connection: Connection, period: Period) -> None:
    """Close a period that was claimed."""
    connection.execute(
        update(periods)
        .where(periods.c.subscription == period.subscription, periods.c.label == period.label)
        .values(
            starts_at=period.starts_at,
            ends_at=period.ends_at,
            closed_at=period.closed_at,
            is_checked=period.is_checked,
            digest_id=period.digest_id,
        )
    )


def introduced(connection: Connection, subscription: str) -> frozenset[int]:
    """The programs whose baseline a subscription was told of."""
    query = select(baselines.c.program).where(baselines.c.subscription == subscription)
    return frozenset(connection.execute(query).scalars())


def introduce(connection: Connection, subscription: str, label: str, programs: Iterable[int]) -> None:
    """Say that a period tells the baseline of these programs."""
    rows = [{"subscription": subscription, "program": program, "label": label} for program in sorted(programs)]
    if rows:
        connection.execute(insert(baselines), rows)


def _newest(connection: Connection, limit: int, *conditions: ColumnElement[bool]) -> list[Period]:
    query = select(periods).where(*conditions).order_by(periods.c.ends_at.desc()).limit(limit)
    return [
        Period(
            row.subscription, row.label, row.starts_at, row.ends_at, row.closed_at, row.is_checked, row.digest_id
        )
        for row in connection.execute(query)
    ]
