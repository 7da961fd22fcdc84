"""The outbox: a row for every message and destination."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, func, insert, select, update

from pedigreed.model.delivery import Delivery, DeliveryState
from pedigreed.model.message import Message
from pedigreed.store.tables import deliveries

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy.engine import Connection


def enqueue(connection: Connection, digest_id: str, messages: Iterable[Message], now: datetime) -> None:
    """Add a waiting row for each message."""
    for message in messages:
        connection.execute(
            insert(deliveries).values(
                digest_id=digest_id,
                channel=message.channel,
                recipient=message.recipient,
                sender=message.sender,
                message_id=message.message_id,
                subject=message.subject,
                content=message.content,
                state=DeliveryState.WAITING.value,
                attempts=0,
                next_attempt_at=now,
                maybe_repeated=False,
                created_at=now,
            )
        )


def due(connection: Connection, now: datetime) -> list[int]:
    """The rows that wait and whose time has come, oldest first."""
    query = (
        select(deliveries.c.id)
        .where(deliveries.c.state == DeliveryState.WAITING.value, deliveries.c.next_attempt_at <= now)
        .order_by(deliveries.c.id)
    )
    return list(connection.execute(query).scalars())


def get(connection: Connection, key: int) -> Delivery:
    """One row of the outbox."""
    return _delivery_of(connection.execute(select(deliveries).where(deliveries.c.id == key)).one())


def save(connection: Connection, delivery: Delivery) -> None:
    """Keep where a delivery stands. Its message stays as it is."""
    connection.execute(
        update(deliveries)
        .where(deliveries.c.id == delivery.key)
        .values(
            state=delivery.state.value,
            attempts=delivery.attempts,
            next_attempt_at=delivery.next_attempt_at,
            last_outcome=delivery.last_outcome,
            maybe_repeated=delivery.maybe_repeated,
            finished_at=delivery.finished_at,
        )
    )


def counts(connection: Connection) -> dict[DeliveryState, int]:
    """How many rows stand where."""
    query = select(deliveries.c.state, func.count()).group_by(deliveries.c.state)
    return {DeliveryState(state): count for state, count in connection.execute(query)}


def unfinished(connection: Connection, limit: int = 100) -> list[Delivery]:
    """The rows that wait, oldest first."""
    query = (
        select(deliveries)
        .where(deliveries.c.state == DeliveryState.WAITING.value)
        .order_by(deliveries.c.id)
        .limit(limit)
    )
    return [_delivery_of(row) for row in connection.execute(query)]


def of_digest(connection: Connection, digest_id: str) -> list[Delivery]:
    """The rows of one digest."""
    query = select(deliveries).where(deliveries.c.digest_id == digest_id).order_by(deliveries.c.id)
    return [_delivery_of(row) for row in connection.execute(query)]


def _delivery_of(row: Row[Any]) -> Delivery:
    message = Message(row.message_id, row.channel, row.recipient, row.sender, row.subject, row.content)
    return Delivery(
        key=row.id,
        digest_id=row.digest_id,
        message=message,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        next_attempt_at=row.next_attempt_at,
        last_outcome=row.last_outcome,
        maybe_repeated=row.maybe_repeated,
        created_at=row.created_at,
        finished_at=row.finished_at,
    )
