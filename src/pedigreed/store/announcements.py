"""What the sources said of CRDS, how reading them goes, and what of it the periods of subscriptions cover."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import Row, bindparam, func, select, update

from pedigreed.model.news_source import SourceState
from pedigreed.model.notice import Announcement, Facts, Heard, Medium, Sender
from pedigreed.store.statements import insert_or_replace, insert_or_skip, lock_for_transaction
from pedigreed.store.tables import announced, announcements, listeners, sources

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from sqlalchemy.engine import Connection


_FACTS = msgspec.json.Decoder(Facts)

_HEARING = "hear of CRDS"
"""Announcements become visible in the order of their numbers, so that none is passed over."""


def keep(
    connection: Connection, heard: Iterable[Announcement], now: datetime, *, was_there: bool
) -> list[Announcement]:
    """Keep what is new, and give that. What its source said before stays as it was.

    Args:
        connection: a writing transaction.
        heard: what a source said.
        now: UTC.
        was_there: whether the source is read for the first time.
    """
    said = list(heard)
    if not said:
        return []
    lock_for_transaction(connection, _HEARING)
    statement = insert_or_skip(connection, announcements).returning(announcements.c.id)
    return [
        announcement
        for announcement in said
        if connection.execute(statement, _row(announcement, now, was_there=was_there)).scalar() is not None
    ]


def load(connection: Connection) -> list[Heard]:
    """All that was heard, in the order of hearing."""
    return [_heard(row) for row in connection.execute(select(announcements).order_by(announcements.c.id))]


def not_read_by(connection: Connection, reader: str, most: int) -> list[Heard]:
    """The newest announcements that this reader has not read yet, so many at most."""
    query = select(announcements).where(announcements.c.read_by.is_distinct_from(reader))
    return [_heard(row) for row in connection.execute(query.order_by(announcements.c.id.desc()).limit(most))]


def keep_told(connection: Connection, told: Mapping[int, Facts], reader: str) -> None:
    """Keep what the reader read in announcements, by their keys."""
    rows = [{"key": key, "said": msgspec.json.encode(facts).decode()} for key, facts in told.items()]
    if rows:
        of_key = update(announcements).where(announcements.c.id == bindparam("key"))
        connection.execute(of_key.values(told=bindparam("said"), read_by=reader), rows)


def begin(connection: Connection, subscription: str) -> None:
    """Let a subscription hear of what is said from now on. One that listens already stays as it is."""
    known = select(listeners.c.subscription).where(listeners.c.subscription == subscription)
    if connection.execute(known).first() is not None:
        return
    lock_for_transaction(connection, _HEARING)
    newest = connection.execute(select(func.coalesce(func.max(announcements.c.id), 0))).scalar_one()
    connection.execute(
        insert_or_skip(connection, listeners).values(subscription=subscription, after_announcement=newest)
    )


def listens_after(connection: Connection, subscription: str) -> int | None:
    """The last announcement before the subscription began to listen; None where it does not yet."""
    query = select(listeners.c.after_announcement).where(listeners.c.subscription == subscription)
    found: int | None = connection.execute(query).scalar()
    return found


def covered(connection: Connection, subscription: str) -> frozenset[int]:
    """The announcements that a period of the subscription covers."""
    query = select(announced.c.announcement_id).where(announced.c.subscription == subscription)
    return frozenset(connection.execute(query).scalars())


def mark_covered(connection: Connection, subscription: str, label: str, keys: Iterable[int]) -> None:
    """Say that a period covers these announcements."""
    rows = [{"subscription": subscription, "announcement_id": key, "label": label} for key in sorted(keys)]
    if rows:
        connection.execute(insert_or_skip(connection, announced), rows)


def _row(announcement: Announcement, now: datetime, *, was_there: bool) -> dict[str, Any]:
    return {
        "source": announcement.source,
        "identity": announcement.identity,
        "medium": announcement.medium.value,
        "said_at": announcement.said_at,
        "heard_at": now,
        "was_there": was_there,
        "title": announcement.title,
        "text": announcement.text,
        "link": announcement.link,
        "facts": msgspec.json.encode(announcement.facts).decode(),
        "sender": announcement.sender.value if announcement.sender else None,
    }


def _heard(row: Row[Any]) -> Heard:
    announcement = Announcement(
        source=row.source,
        medium=Medium(row.medium),
        identity=row.identity,
        said_at=row.said_at,
        title=row.title,
        text=row.text,
        link=row.link,
        facts=_FACTS.decode(row.facts),
        sender=Sender(row.sender) if row.sender else None,
    )
    return Heard(row.id, announcement, row.heard_at, row.was_there, _told(row.told), row.read_by)


def _told(text: str | None) -> Facts | None:
    try:
        return _FACTS.decode(text) if text is not None else None
    except msgspec.ValidationError:  # another version's, which is read again
        return None


def load_sources(connection: Connection) -> dict[str, SourceState]:
    """Every source that was ever read, by name."""
    return {
        row.name: SourceState(row.name, row.asked_at, row.complete_at, row.failures, row.problem, row.bookmark)
        for row in connection.execute(select(sources))
    }


def save_source(connection: Connection, state: SourceState) -> None:
    """Keep how a reading went."""
    connection.execute(
        insert_or_replace(connection, sources).values(
            name=state.name,
            asked_at=state.asked_at,
            complete_at=state.complete_at,
            failures=state.failures,
            problem=state.problem,
            bookmark=state.bookmark,
        )
    )
