"""What a person orders of rows of the outbox: to be tried again, or called off.

A row whose lease is live is left alone, whatever is ordered: another process is at it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Update, and_, case, not_, or_, update

from pedigreed.model.delivery import DeliveryState
from pedigreed.store.statements import batches
from pedigreed.store.tables import deliveries, is_open

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.engine import Connection

_IS_SENDING = deliveries.c.state == DeliveryState.SENDING.value
# A process that had the row may have sent its message.
_MAY_BE_REPEATED = or_(deliveries.c.maybe_repeated, _IS_SENDING)


def try_again(connection: Connection, numbers: Iterable[int], now: datetime) -> int:
    """Let rows wait again, due now and as if they had not been tried. One that was sent stays sent.

    Gives how many were changed.
    """
    return _ordered(
        connection,
        update(deliveries)
        .where(deliveries.c.state != DeliveryState.SENT.value, not_(_is_leased(now)))
        .values(
            state=DeliveryState.WAITING.value,
            # The process that had a row, if it wakes up, knows it by its attempts.
            attempts=case((_IS_SENDING, deliveries.c.attempts), else_=0),
            unsure=0,
            next_attempt_at=now,
            finished_at=None,
            maybe_repeated=_MAY_BE_REPEATED,
        ),
        numbers,
    )


def call_off(connection: Connection, numbers: Iterable[int], now: datetime) -> int:
    """Finish rows that are not finished yet. Gives how many were changed."""
    return _ordered(
        connection,
        update(deliveries)
        .where(is_open, not_(_is_leased(now)))
        .values(
            state=DeliveryState.CANCELLED.value,
            next_attempt_at=None,
            finished_at=now,
            maybe_repeated=_MAY_BE_REPEATED,
        ),
        numbers,
    )


def _is_leased(now: datetime) -> ColumnElement[bool]:
    return and_(_IS_SENDING, deliveries.c.next_attempt_at > now)


def _ordered(connection: Connection, order: Update, numbers: Iterable[int]) -> int:
    return sum(connection.execute(order.where(deliveries.c.id.in_(batch))).rowcount for batch in batches(numbers))
