"""The outbox as people look through it. The bytes of a message are read only where that message is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Row, Select, func, select

from pedigreed.model.delivery import ListedDelivery
from pedigreed.store.deliveries import delivery_of
from pedigreed.store.statements import batches
from pedigreed.store.tables import contents, deliveries, digests

if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

    from sqlalchemy.engine import Connection

    from pedigreed.model.delivery import DeliveryState

_LARGEST_NUMBER = 2**63 - 1

_LISTED: Select[Any] = select(
    *deliveries.c,
    # Both databases know how long a value is without reading it.
    func.length(contents.c.content).label("size"),
    digests.c.subscription,
).select_from(deliveries.join(contents).join(digests, isouter=True))


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


def content_of(connection: Connection, number: int) -> bytes:
    """The bytes of one message, which has to be there."""
    query = select(contents.c.content).join_from(contents, deliveries).where(deliveries.c.id == number)
    content: bytes = connection.execute(query).scalar_one()
    return content


def _listed(row: Row[Any]) -> ListedDelivery:
    return ListedDelivery(delivery_of(row), row.subscription, row.size)
