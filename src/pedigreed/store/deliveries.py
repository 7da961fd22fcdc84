"""The outbox: a row for every message and destination, and the bytes of messages.

The bytes are kept packed, and for a while after they arrived. Then their hash proves what was sent. What an older
version kept is not packed, and has no size in its row.
"""

from __future__ import annotations

import hashlib
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Row, bindparam, delete, func, insert, or_, select, text, update

from pedigreed.model.delivery import Delivery, DeliveryState, Message
from pedigreed.model.instant import to_milliseconds
from pedigreed.store.database import Direct
from pedigreed.store.tables import are_kept_longest, contents, deliveries, is_as_before, is_given_up, is_open

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection


_STATES = {state.value: state for state in DeliveryState}


def enqueue(connection: Connection, digest_id: str | None, messages: Sequence[Message], now: datetime) -> None:
    """Add a waiting row for each message. Without a digest they are words to the operator."""
    at = to_milliseconds(now)
    waiting = DeliveryState.WAITING.value
    rows = [
        (
            digest_id,
            message.channel,
            message.recipient,
            message.sender,
            message.message_id,
            message.subject,
            waiting,
            0,
            at,
            False,
            at,
            0,
            len(message.content),
        )
        for message in messages
    ]
    _ENQUEUE.run(connection, rows)
    _KEEP.run(connection, [(message.message_id, pack(message.content)) for message in messages])


_ENQUEUE = Direct(
    (
        *("digest_id", "channel", "recipient", "sender", "message_id", "subject", "state", "attempts"),
        *("next_attempt_at", "maybe_repeated", "created_at", "unsure", "size"),
    ),
    lambda _: insert(deliveries),
)
_KEEP = Direct(("message_id", "content"), lambda _: insert(contents))
_DUE = (
    select(deliveries.c.id)
    .where(
        is_open,
        deliveries.c.channel == bindparam("of_channel"),
        deliveries.c.next_attempt_at <= bindparam("now"),
    )
    .order_by(deliveries.c.next_attempt_at, deliveries.c.id)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
    .cte("due")
)
_CLAIM = (
    update(deliveries)
    .where(deliveries.c.id.in_(select(_DUE.c.id)))
    .values(
        state=DeliveryState.SENDING.value,
        attempts=deliveries.c.attempts + 1,
        next_attempt_at=bindparam("lease_until"),
        owner=bindparam("new_owner"),
        maybe_repeated=or_(deliveries.c.maybe_repeated, deliveries.c.state == DeliveryState.SENDING.value),
    )
    .returning(deliveries)
)
_CONTENTS = select(contents).where(contents.c.message_id.in_(bindparam("message_ids", expanding=True)))


def claim(
    connection: Connection,
    channel: str,
    now: datetime,
    lease_until: datetime,
    limit: int = 1,
    *,
    owner: int | None = None,
) -> list[Delivery]:
    """Take the rows of a channel whose time has come, at most so many, those that wait longest first.

    `owner` is the number by which it is known whether this process lives: see `lives`.
    A row whose lease ended was being sent when its process ended: it may have arrived, and is marked so.
    On PostgreSQL a row that another process is taking is passed over. To be called in a writing transaction.
    """
    terms = {"of_channel": channel, "now": now, "lease_until": lease_until, "limit": limit, "new_owner": owner}
    taken = connection.execute(_CLAIM, terms).all()
    found = _contents_of(connection, [row.message_id for row in taken])
    return sorted(
        (delivery_of(row, unpack(found[row.message_id], row.size)) for row in taken),
        key=lambda delivery: delivery.key,
    )


_IS_STILL_TAKEN = (
    deliveries.c.id == bindparam("key"),
    text("deliveries.state = 'sending'"),
    deliveries.c.attempts == bindparam("taken_as"),
)
"""A row that another process took up meanwhile has had more attempts: that process's word counts."""

_SETTLED = ("state", "next_attempt_at", "last_outcome", "maybe_repeated", "finished_at", "unsure")
_SETTLE = Direct(
    ("key", "taken_as", *(f"new_{name}" for name in _SETTLED)),
    lambda _: (
        update(deliveries).where(*_IS_STILL_TAKEN).values({name: bindparam(f"new_{name}") for name in _SETTLED})
    ),
)
_RELEASE = (
    update(deliveries)
    .where(*_IS_STILL_TAKEN)
    .values(
        state=DeliveryState.WAITING.value,
        attempts=deliveries.c.attempts - 1,
        next_attempt_at=bindparam("new_next_attempt_at"),
    )
)
_HAS_SIZE = update(deliveries).where(*_IS_STILL_TAKEN).values(size=bindparam("new_size"))
_LIGHTEN = (
    update(contents)
    .where(contents.c.message_id == deliveries.c.message_id, *_IS_STILL_TAKEN)
    .values(content=bindparam("new_content"))
)


def settle(connection: Connection, tried: Iterable[Delivery]) -> int:
    """Keep what became of attempts. Gives how many of the rows were still this process's."""
    rows = [
        (
            delivery.key,
            delivery.attempts,
            delivery.state.value,
            delivery.next_attempt_at and to_milliseconds(delivery.next_attempt_at),
            delivery.last_outcome,
            delivery.maybe_repeated,
            delivery.finished_at and to_milliseconds(delivery.finished_at),
            delivery.unsure,
        )
        for delivery in tried
    ]
    return _SETTLE.run(connection, rows)


def release(connection: Connection, taken: Iterable[Delivery], now: datetime) -> None:
    """Give rows back that were taken and not tried."""
    rows = [{"key": delivery.key, "taken_as": delivery.attempts, "new_next_attempt_at": now} for delivery in taken]
    if rows:
        connection.execute(_RELEASE, rows)


def lighten(connection: Connection, delivery: Delivery) -> None:
    """Keep the lighter form of a message that was taken. To be called before it is settled."""
    content = delivery.message.content
    of = {"key": delivery.key, "taken_as": delivery.attempts}
    connection.execute(_LIGHTEN, [{**of, "new_content": pack(content)}])
    connection.execute(_HAS_SIZE, [{**of, "new_size": len(content)}])


def take_back(connection: Connection, now: datetime) -> int:
    """End every lease. Only for a process that is sure to be the only one. Gives how many leases there were."""
    return connection.execute(
        update(deliveries)
        .where(is_open, deliveries.c.state == DeliveryState.SENDING.value)
        .values(next_attempt_at=now)
    ).rowcount


def owners(connection: Connection) -> set[int]:
    """Who is sending, or was when it ended."""
    query = select(deliveries.c.owner).where(
        is_open, deliveries.c.state == DeliveryState.SENDING.value, deliveries.c.owner.is_not(None)
    )
    return set(connection.execute(query.distinct()).scalars())


def take_back_from(connection: Connection, gone: Collection[int], now: datetime) -> int:
    """End the leases of owners that are gone. Gives how many there were."""
    return connection.execute(
        update(deliveries)
        .where(is_open, deliveries.c.state == DeliveryState.SENDING.value, deliveries.c.owner.in_(gone))
        # It is nobody's, so that the next who looks need not take it back once more.
        .values(next_attempt_at=now, owner=None)
    ).rowcount


def bring_forward(connection: Connection, later_than: datetime, now: datetime) -> None:
    """Let what is put off beyond a moment (UTC) be due now."""
    connection.execute(
        update(deliveries).where(is_open, deliveries.c.next_attempt_at > later_than).values(next_attempt_at=now)
    )


def expire(
    connection: Connection, channel: str, created_by: datetime, reason: str, now: datetime
) -> list[Delivery]:
    """Give up the waiting rows of a channel that are older than a moment (UTC). Gives them without their bytes."""
    expired = connection.execute(
        update(deliveries)
        .where(
            is_open,
            deliveries.c.channel == channel,
            deliveries.c.state == DeliveryState.WAITING.value,
            deliveries.c.created_at <= created_by,
        )
        .values(state=DeliveryState.EXPIRED.value, next_attempt_at=None, last_outcome=reason, finished_at=now)
        .returning(deliveries)
    )
    return [delivery_of(row) for row in expired]


def open_channels(connection: Connection, without: Collection[str]) -> list[str]:
    """The channels that have rows which are not finished, but for those."""
    query = select(deliveries.c.channel).where(is_open, deliveries.c.channel.not_in(without)).distinct()
    return sorted(connection.execute(query).scalars())


class GivenUp(NamedTuple):
    """A destination whose last message was given up. `at` is UTC."""

    channel: str
    recipient: str
    reason: str
    at: datetime


def given_up(connection: Connection, since: datetime) -> list[GivenUp]:
    """The destinations that had a digest given up since a moment (UTC), and took none afterwards."""
    later = deliveries.alias("later")
    took_one = (
        select(later.c.id)
        .where(
            text("later.state = 'sent'"),
            later.c.channel == deliveries.c.channel,
            later.c.recipient == deliveries.c.recipient,
            later.c.finished_at > deliveries.c.finished_at,
        )
        .exists()
    )
    query = (
        select(deliveries.c.channel, deliveries.c.recipient, deliveries.c.last_outcome, deliveries.c.finished_at)
        .where(is_given_up, deliveries.c.finished_at >= since, deliveries.c.digest_id.is_not(None), ~took_one)
        .order_by(deliveries.c.finished_at)
    )
    newest = {(row.channel, row.recipient): row for row in connection.execute(query)}
    return [
        GivenUp(row.channel, row.recipient, row.last_outcome or "", row.finished_at) for row in newest.values()
    ]


def operator_reached(connection: Connection) -> dict[datetime, datetime]:
    """When words to the operator first arrived somewhere, by when they were written. All times are UTC."""
    first = func.min(deliveries.c.finished_at, type_=deliveries.c.finished_at.type).label("arrived_at")
    query = select(deliveries.c.created_at, first).where(
        deliveries.c.digest_id.is_(None), deliveries.c.state == DeliveryState.SENT.value
    )
    rows = connection.execute(query.group_by(deliveries.c.created_at))
    return {row.created_at: row.arrived_at for row in rows}


class Waiting(NamedTuple):
    """What is not finished of one channel: how many messages, and when the first is due (UTC)."""

    messages: int
    next_at: datetime


def waiting(connection: Connection) -> dict[str, Waiting]:
    """The rows that are not finished, by channel."""
    first = func.min(deliveries.c.next_attempt_at, type_=deliveries.c.next_attempt_at.type)
    query = select(deliveries.c.channel, func.count(), first.label("next_at"))
    rows = connection.execute(query.where(is_open).group_by(deliveries.c.channel))
    return {row.channel: Waiting(row[1], row.next_at) for row in rows}


def counts(connection: Connection) -> dict[DeliveryState, int]:
    """How many rows stand where."""
    query = select(deliveries.c.state, func.count()).group_by(deliveries.c.state)
    return {DeliveryState(state): count for state, count in connection.execute(query)}


def states_of(connection: Connection, digest_ids: Collection[str]) -> dict[str, dict[DeliveryState, int]]:
    """Digest -> how many of its rows stand where."""
    query = select(deliveries.c.digest_id, deliveries.c.state, func.count())
    found: dict[str, dict[DeliveryState, int]] = {digest_id: {} for digest_id in digest_ids}
    for digest_id, state, count in connection.execute(
        query.where(deliveries.c.digest_id.in_(digest_ids)).group_by(deliveries.c.digest_id, deliveries.c.state)
    ):
        found[digest_id][DeliveryState(state)] = count
    return found


_MAIL_BEGINS = b"From: "


def fullest_mail(connection: Connection, digest_id: str) -> bytes | None:
    """Of the mails of a digest one that nothing was left out of; None where it went in other forms alone."""
    query = (
        select(deliveries.c.size, contents.c.content)
        .join_from(contents, deliveries)
        .where(deliveries.c.digest_id == digest_id)
        .order_by(func.coalesce(deliveries.c.size, func.length(contents.c.content)).desc(), deliveries.c.id)
    )
    with connection.execute(query.execution_options(yield_per=1)) as rows:
        messages = (unpack(kept, size) for size, kept in rows)
        return next((content for content in messages if content.startswith(_MAIL_BEGINS)), None)


def _contents_of(connection: Connection, message_ids: Collection[str]) -> dict[str, bytes]:
    if not message_ids:
        return {}
    return {row.message_id: row.content for row in connection.execute(_CONTENTS, {"message_ids": message_ids})}


def delivery_of(row: Row[Any], content: bytes = b"") -> Delivery:
    """A row of the outbox."""
    message = Message(row.message_id, row.channel, row.recipient, row.sender, row.subject, content)
    return Delivery(
        key=row.id,
        digest_id=row.digest_id,
        message=message,
        state=_STATES[row.state],
        attempts=row.attempts,
        next_attempt_at=row.next_attempt_at,
        last_outcome=row.last_outcome,
        maybe_repeated=row.maybe_repeated,
        created_at=row.created_at,
        finished_at=row.finished_at,
        unsure=row.unsure,
    )


def pack(content: bytes) -> bytes:
    """As a row of the table keeps it."""
    return zlib.compress(content)


def unpack(kept: bytes, size: int | None) -> bytes:
    """The message, of what a row keeps and its size; None for what was kept as it is."""
    return kept if size is None else zlib.decompress(kept)


def as_before(connection: Connection) -> int:
    """How many messages are kept as an older version did."""
    count: int = connection.execute(select(func.count()).select_from(deliveries).where(is_as_before)).scalar_one()
    return count


def pack_some(connection: Connection, limit: int) -> int:
    """Pack at most so many messages that are kept as they are. Gives how many there were."""
    query = (
        select(deliveries.c.id, deliveries.c.message_id, contents.c.content)
        .join(contents)
        .where(is_as_before)
        .order_by(deliveries.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=deliveries)
    )
    found = connection.execute(query).all()
    if found:
        of_message = update(contents).where(contents.c.message_id == bindparam("of"))
        packed = [{"of": row.message_id, "content": pack(row.content)} for row in found]
        connection.execute(of_message, packed)
        of_row = update(deliveries).where(deliveries.c.id == bindparam("key"))
        connection.execute(of_row, [{"key": row.id, "size": len(row.content)} for row in found])
    return len(found)


def let_some_go(connection: Connection, arrived_by: datetime, limit: int) -> int:
    """Keep only the hash of at most so many messages that arrived by a moment (UTC). Gives how many there were."""
    query = (
        select(deliveries.c.id, deliveries.c.message_id, deliveries.c.size, contents.c.content)
        .join(contents)
        .where(are_kept_longest, deliveries.c.finished_at <= arrived_by)
        .order_by(deliveries.c.finished_at)
        .limit(limit)
        .with_for_update(skip_locked=True, of=deliveries)
    )
    found = connection.execute(query).all()
    if found:
        of_row = update(deliveries).where(deliveries.c.id == bindparam("key"))
        proofs = []
        for row in found:
            content = unpack(row.content, row.size)
            proofs.append({"key": row.id, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()})
        connection.execute(of_row, proofs)
        names = [row.message_id for row in found]
        connection.execute(delete(contents).where(contents.c.message_id.in_(names)))
    return len(found)
