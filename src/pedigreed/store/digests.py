"""Digests as they were told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, select

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
