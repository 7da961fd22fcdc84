"""The outbox: a row for every message and destination."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, and_, func, insert, or_, select, update

from pedigreed.model.delivery import Delivery, DeliveryState
from pedigreed.model.message import Message
from pedigreed.store.tables import deliveries

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from sqlalchemy.engine import Connection


_OPEN = (DeliveryState.WAITING.value, DeliveryState.SENDING.value)


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


def claim(
    connection: Connection, now: datetime, lease_until: datetime, without: Collection[str] = ()
) -> Delivery | None:
    """Take the oldest row whose time has come, in a writing transaction. None if there is none.

    A row whose lease ended was being sent when its process ended: it may have arrived, and is marked so.
    On PostgreSQL a row that another process is taking is passed over. Rows of the channels `without` are left.
    """
    is_due = and_(
        deliveries.c.state.in_(_OPEN),
        deliveries.c.next_attempt_at <= now,
        deliveries.c.channel.not_in(without),
    )
    oldest = (
        select(deliveries.c.id)
        .where(is_due)
        .order_by(deliveries.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    was_sending = deliveries.c.state == DeliveryState.SENDING.value
    taken = connection.execute(
        update(deliveries)
        .where(deliveries.c.id == oldest, is_due)
        .values(
            state=DeliveryState.SENDING.value,
            attempts=deliveries.c.attempts + 1,
            next_attempt_at=lease_until,
            maybe_repeated=or_(deliveries.c.maybe_repeated, was_sending),
        )
        .returning(deliveries)
    ).one_or_none()
    return None if taken is None else _delivery_of(taken)


def settle(connection: Connection, delivery: Delivery) -> bool:
    """Keep what became of an attempt. False if the row was taken by another process meanwhile: its word counts."""
    settled = connection.execute(
        update(deliveries)
        .where(
            deliveries.c.id == delivery.key,
            deliveries.c.state == DeliveryState.SENDING.value,
            deliveries.c.attempts == delivery.attempts,
        )
        .values(
            state=delivery.state.value,
            next_attempt_at=delivery.next_attempt_at,
            last_outcome=delivery.last_outcome,
            maybe_repeated=delivery.maybe_repeated,
            finished_at=delivery.finished_at,
        )
    )
    return settled.rowcount == 1


def counts(connection: Connection) -> dict[DeliveryState, int]:
    """How many rows stand where."""
    query = select(deliveries.c.state, func.count()).group_by(deliveries.c.state)
    return {DeliveryState(state): count for state, count in connection.execute(query)}


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
