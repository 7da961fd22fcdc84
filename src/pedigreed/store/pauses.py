"""The channels that are left alone for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from pedigreed.model.pause import Pause
from pedigreed.store.insert import insert_or_replace
from pedigreed.store.tables import pauses

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


def load(connection: Connection) -> dict[str, Pause]:
    """The pauses by channel, those that are over included: their channels were not tried since."""
    return {
        row.channel: Pause(row.channel, row.since, row.until, row.tries, row.reason)
        for row in connection.execute(select(pauses).order_by(pauses.c.channel))
    }


def begin(connection: Connection, pause: Pause) -> None:
    """Leave a channel alone, or leave it alone for longer."""
    connection.execute(
        insert_or_replace(connection, pauses).values(
            channel=pause.channel,
            since=pause.since,
            until=pause.until,
            tries=pause.tries,
            reason=pause.reason,
        )
    )


def end(connection: Connection, channel: str) -> None:
    """Use a channel again."""
    connection.execute(delete(pauses).where(pauses.c.channel == channel))
