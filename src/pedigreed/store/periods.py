"""The periods of subscriptions that are over, and the digests that were composed of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, func, insert, select, update

from pedigreed.model.period import ComposedDigest, Period
from pedigreed.store.statements import insert_or_skip
from pedigreed.store.tables import digests, periods

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from pedigreed.model.digest import Digest, RenderedDigest


def last_closed(connection: Connection, subscription: str, until: datetime) -> Period | None:
    """The newest period of a subscription that ended by a moment (UTC)."""
    return next(
        iter(_newest(connection, 1, periods.c.subscription == subscription, periods.c.ends_at <= until)), None
    )


def last_ends(connection: Connection, since: datetime, until: datetime) -> dict[str, datetime]:
    """When each subscription's newest period ended, of those that ended between two moments (UTC)."""
    ends_at = periods.c.ends_at
    query = (
        select(periods.c.subscription, func.max(ends_at, type_=ends_at.type))
        .where(ends_at.between(since, until))
        .group_by(periods.c.subscription)
    )
    return {row[0]: row[1] for row in connection.execute(query).all()}


def last_with_digest(connection: Connection, subscription: str, until: datetime) -> Period | None:
    """The newest period that had a digest, and ended by a moment (UTC)."""
    of_subscription = periods.c.subscription == subscription
    has_digest = periods.c.digest_id.is_not(None)
    return next(iter(_newest(connection, 1, of_subscription, has_digest, periods.c.ends_at <= until)), None)


def claim(connection: Connection, subscription: str, label: str, now: datetime) -> bool:
    """Take a period to close it in this transaction. False if another process has it, or had it."""
    moments = {"starts_at": now, "ends_at": now, "closed_at": now}
    taken = connection.execute(
        insert_or_skip(connection, periods)
        .values(subscription=subscription, label=label, unchecked="", unread="", **moments)
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
            unchecked=" ".join(map(str, sorted(period.unchecked))),
            digest_id=period.digest_id,
            unread="\n".join(sorted(period.unread)),
        )
    )


def _newest(connection: Connection, limit: int, *conditions: ColumnElement[bool]) -> list[Period]:
    query = select(periods).where(*conditions).order_by(periods.c.ends_at.desc()).limit(limit)
    return [
        Period(
            subscription=row.subscription,
            label=row.label,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            closed_at=row.closed_at,
            unchecked=frozenset(map(int, row.unchecked.split())),
            digest_id=row.digest_id,
            unread=frozenset(row.unread.splitlines()),
        )
        for row in connection.execute(query)
    ]


def add_digest(connection: Connection, digest: Digest, rendered: RenderedDigest, now: datetime) -> None:
    """Keep a digest with its words."""
    connection.execute(
        insert(digests).values(
            id=digest.digest_id,
            subscription=digest.subscription,
            starts_at=digest.starts,
            ends_at=digest.ends,
            composed_at=now,
            subject=rendered.subject,
            text=rendered.text,
        )
    )


def subject_of(connection: Connection, digest_id: str) -> str | None:
    """The subject of a digest; None where there is none of this identity."""
    return connection.execute(select(digests.c.subject).where(digests.c.id == digest_id)).scalar()


def recent_digests(connection: Connection, limit: int) -> list[ComposedDigest]:
    """The last digests that were composed, the newest first."""
    order = (digests.c.composed_at.desc(), digests.c.id)
    return [ComposedDigest(*row) for row in connection.execute(select(*_COMPOSED).order_by(*order).limit(limit))]


def find_digest(connection: Connection, digest_id: str) -> tuple[ComposedDigest, str] | None:
    """A digest with its text; None where there is none of this identity."""
    query = select(*_COMPOSED, digests.c.text).where(digests.c.id == digest_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else (ComposedDigest(*row[:-1]), row.text)


_COMPOSED = (
    digests.c.id,
    digests.c.subscription,
    digests.c.starts_at,
    digests.c.ends_at,
    digests.c.composed_at,
    digests.c.subject,
)
