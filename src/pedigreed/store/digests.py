"""Digests as they were told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from pedigreed.model.period import ComposedDigest
from pedigreed.store.tables import digests

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from pedigreed.model.digest import Digest, RenderedDigest


def add(connection: Connection, digest: Digest, rendered: RenderedDigest, now: datetime) -> None:
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
    """The subject of a digest that was told."""
    return connection.execute(select(digests.c.subject).where(digests.c.id == digest_id)).scalar()


def recent(connection: Connection, limit: int) -> list[ComposedDigest]:
    """The last digests that were composed, the newest first."""
    order = (digests.c.composed_at.desc(), digests.c.id)
    return [ComposedDigest(*row) for row in connection.execute(select(*_TOLD).order_by(*order).limit(limit))]


def find(connection: Connection, digest_id: str) -> tuple[ComposedDigest, str] | None:
    """A digest with its text; None where there is none of this identity."""
    query = select(*_TOLD, digests.c.text).where(digests.c.id == digest_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else (ComposedDigest(*row[:-1]), row.text)


_TOLD = (
    digests.c.id,
    digests.c.subscription,
    digests.c.starts_at,
    digests.c.ends_at,
    digests.c.composed_at,
    digests.c.subject,
)
