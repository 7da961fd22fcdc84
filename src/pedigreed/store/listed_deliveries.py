"""The outbox as people look through it, and what they order of its rows: to be tried again, or called off.

The bytes of a message are read only where that message is shown.
A row whose lease is live is left alone, whatever is ordered: another process is at it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Row, Select, Update, and_, case, func, not_, or_, select, update

from pedigreed.model.delivery import DeliveryState, ListedDelivery
from pedigreed.store.database import batches
from pedigreed.store.deliveries import delivery_of, unpack
from pedigreed.store.tables import contents, deliveries, digests, is_open

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime
    from typing import Any

    from sqlalchemy import ColumnElement
    from sqlalchemy.engine import Connection


_LARGEST_NUMBER = 2**63 - 1

_LISTED: Select[Any] = select(
    *deliveries.c,
    # Both databases know how long a value is without reading it.
    func.coalesce(deliveries.c.size, func.length(contents.c.content)).label("bytes"),
    digests.c.subscription,
).select_from(deliveries.join(contents, isouter=True).join(digests, isouter=True))


def newest(
    connection: Connection,
    limit: int,
    *,
    states: Collection[DeliveryState] = (),
    channel: str | None = None,
) -> list[ListedDelivery]:
    """At most so many rows, the newest first: of some states, of one channel, or of all."""
    query = _LISTED.order_by(deliveries.c.id.desc()).limit(limit)
    if states:
        query = query.where(deliveries.c.state.in_([state.value for state in states]))
    if channel is not None:
        query = query.where(deliveries.c.channel == channel)
    return [_listed(row) for row in connection.execute(query)]


def by_number(connection: Connection, numbers: Collection[int]) -> dict[int, ListedDelivery]:
    """Rows by their numbers. One that is not there is left out."""
    found = {}
    for batch in batches(number for number in numbers if 0 < number <= _LARGEST_NUMBER):
        for row in connection.execute(_LISTED.where(deliveries.c.id.in_(batch))):
            found[row.id] = _listed(row)
    return found


def numbers_of(connection: Connection, states: Collection[DeliveryState], channel: str | None) -> list[int]:
    """The numbers of all rows of some states, of one channel or of all."""
    query = select(deliveries.c.id).where(deliveries.c.state.in_([state.value for state in states]))
    if channel is not None:
        query = query.where(deliveries.c.channel == channel)
    return list(connection.execute(query.order_by(deliveries.c.id)).scalars())


def content_of(connection: Connection, number: int) -> bytes | None:
    """The bytes of one message, which has to be there; None where only their hash is kept."""
    query = select(deliveries.c.size, contents.c.content).join(contents, isouter=True)
    size, kept = connection.execute(query.where(deliveries.c.id == number)).one()
    return None if kept is None else unpack(kept, size)


def _listed(row: Row[Any]) -> ListedDelivery:
    return ListedDelivery(delivery_of(row), row.subscription, row.bytes, row.sha256)


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
