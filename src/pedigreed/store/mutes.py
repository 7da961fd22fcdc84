"""The subscriptions that are held quiet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from pedigreed.model.pause import Mute
from pedigreed.store.insert import insert_or_replace
from pedigreed.store.tables import mutes

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.engine import Connection


def load(connection: Connection, now: datetime) -> dict[str, Mute]:
    """The mutes that hold at a moment (UTC), by subscription."""
    query = select(mutes).where(mutes.c.until > now).order_by(mutes.c.subscription)
    return {row.subscription: Mute(row.subscription, row.since, row.until) for row in connection.execute(query)}


def begin(connection: Connection, mute: Mute) -> None:
    """Hold a subscription quiet, or for another time than was said before."""
    connection.execute(
        insert_or_replace(connection, mutes).values(
            subscription=mute.subscription, since=mute.since, until=mute.until
        )
    )


def end(connection: Connection, subscription: str) -> bool:
    """Let a subscription speak again. False if it was not muted."""
    return connection.execute(delete(mutes).where(mutes.c.subscription == subscription)).rowcount > 0
