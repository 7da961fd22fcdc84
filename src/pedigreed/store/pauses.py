"""What is left alone for a while: channels, digests that can't be composed, and muted subscriptions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, select

from pedigreed.model.pause import LONGEST, Mute, Pause, Paused
from pedigreed.store.database import insert_or_replace
from pedigreed.store.tables import mutes, pauses

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.engine import Connection


_OF_KIND = select(pauses).where(pauses.c.kind == bindparam("of_kind")).order_by(pauses.c.name)


def load(connection: Connection, kind: Paused) -> dict[str, Pause]:
    """The pauses of a kind by name, those that are over included: nothing has shown yet that they are."""
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
        for row in connection.execute(_OF_KIND, {"of_kind": kind.value})
    }


def holding(connection: Connection, now: datetime) -> dict[Paused, set[str]]:
    """The names of what is left alone at a moment (UTC), by kind: see `Pause.holds`."""
    found: dict[Paused, set[str]] = {kind: set() for kind in Paused}
    holds = (pauses.c.until > now, pauses.c.until <= now + LONGEST)
    for kind, name in connection.execute(select(pauses.c.kind, pauses.c.name).where(*holds)):
        found[Paused(kind)].add(name)
    return found


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


def load_mutes(connection: Connection, now: datetime) -> dict[str, Mute]:
    """The mutes that hold at a moment (UTC), by subscription."""
    query = select(mutes).where(mutes.c.until > now).order_by(mutes.c.subscription)
    return {row.subscription: Mute(row.subscription, row.since, row.until) for row in connection.execute(query)}


def mute(connection: Connection, held: Mute) -> None:
    """Hold a subscription quiet, or for another time than was said before."""
    connection.execute(
        insert_or_replace(connection, mutes).values(
            subscription=held.subscription, since=held.since, until=held.until
        )
    )


def unmute(connection: Connection, subscription: str) -> bool:
    """Let a subscription speak again. False if it was not muted."""
    return connection.execute(delete(mutes).where(mutes.c.subscription == subscription)).rowcount > 0
