"""What is left alone for a while: channels, and digests that can't be composed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from pedigreed.model.pause import Pause, Paused
from pedigreed.store.insert import insert_or_replace
from pedigreed.store.tables import pauses

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


def load(connection: Connection, kind: Paused) -> dict[str, Pause]:
    """The pauses of a kind by name, those that are over included: nothing has shown yet that they are."""
    query = select(pauses).where(pauses.c.kind == kind.value).order_by(pauses.c.name)
    return {
        row.name: Pause(
            kind=Paused(row.kind),
            name=row.name,
            since=row.since,
            until=row.until,
            tries=row.tries,
            reason=row.reason,
            needs_mending=row.needs_mending,
        )
        for row in connection.execute(query)
    }


def begin(connection: Connection, pause: Pause) -> None:
    """Leave something alone, or leave it alone for longer."""
    connection.execute(
        insert_or_replace(connection, pauses).values(
            kind=pause.kind.value,
            name=pause.name,
            since=pause.since,
            until=pause.until,
            tries=pause.tries,
            reason=pause.reason,
            needs_mending=pause.needs_mending,
        )
    )


def end(connection: Connection, kind: Paused, name: str) -> None:
    """Use it again."""
    connection.execute(delete(pauses).where(pauses.c.kind == kind.value, pauses.c.name == name))
