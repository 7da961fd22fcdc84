"""What the sources said of CRDS, how reading them goes, what periods cover of it, and the contexts in use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import Row, and_, bindparam, case, delete, func, insert, select, update

from pedigreed.model.context_use import ContextsInUse
from pedigreed.model.news_source import SourceState
from pedigreed.model.notice import Announcement, Facts, Heard, Medium, NoticeKind, Outline, Sender
from pedigreed.model.pedigree import context_name
from pedigreed.store import holdings as stored_holdings
from pedigreed.store.cal_vers import newest
from pedigreed.store.database import batches, insert_or_replace, insert_or_skip, lock_for_transaction
from pedigreed.store.tables import announced, announcements, contexts_in_use, listeners, sources

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from sqlalchemy.engine import Connection


class _Telling(msgspec.Struct, gc=False):
    """Of facts, what gives an announcement its notice."""

    kind: str | None = None
    context: str | None = None
    before: str | None = None
    cal_ver: str | None = None
    files: tuple[str, ...] = ()


_FACTS = msgspec.json.Decoder(Facts)
_TELLING = msgspec.json.Decoder(_Telling)
_MOST_KEYS = 10_000
"""That are asked for by themselves."""

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


def load(connection: Connection, keys: Collection[int] | None = None) -> list[Heard]:
    """All that was heard, or of it what has these keys, in the order of hearing."""
    query = select(announcements).order_by(announcements.c.id)
    if keys is None or len(keys) > _MOST_KEYS:
        return [_heard(row) for row in connection.execute(query) if keys is None or row.id in keys]
    return [_heard(row) for row in connection.execute(query.where(announcements.c.id.in_(keys)))]


def outlines(connection: Connection, reader: str) -> list[Outline]:
    """What gives each announcement its notice, as this reader read it, in the order of hearing."""
    of = announcements.c
    query = select(
        *(of.id, func.coalesce(of.said_at, of.heard_at).label("at"), of.identity, of.medium, of.facts),
        case((of.read_by == reader, of.told)).label("told"),
    )
    rows = connection.execute(query.order_by(of.id))
    return [_outline(key, at, identity, medium, (facts, told)) for key, at, identity, medium, facts, told in rows]


def heard_since(connection: Connection, since: datetime) -> frozenset[int]:
    """The keys of what was heard since a moment, UTC."""
    query = select(announcements.c.id).where(announcements.c.heard_at >= since)
    return frozenset(connection.execute(query).scalars())


def not_told(connection: Connection, subscriptions: Collection[str], since: datetime) -> frozenset[int]:
    """The keys of what was heard since a moment (UTC) and not covered by each of the subscriptions that listen."""
    query = (
        select(announcements.c.id)
        .join(listeners, announcements.c.id > listeners.c.after_announcement)
        .outerjoin(
            announced,
            and_(
                announced.c.subscription == listeners.c.subscription,
                announced.c.announcement_id == announcements.c.id,
            ),
        )
        .where(
            listeners.c.subscription.in_(subscriptions),
            announcements.c.heard_at >= since,
            announced.c.announcement_id.is_(None),
        )
    )
    return frozenset(connection.execute(query.distinct()).scalars())


def not_read_by(connection: Connection, reader: str, most: int) -> list[Heard]:
    """The newest announcements that this reader has not read yet, so many at most."""
    query = select(announcements).where(announcements.c.read_by.is_distinct_from(reader))
    return [_heard(row) for row in connection.execute(query.order_by(announcements.c.id.desc()).limit(most))]


def keep_read(connection: Connection, facts: Mapping[int, Facts], reader: str) -> None:
    """Keep what the reader read in announcements, by their keys."""
    rows = [{"key": key, "said": msgspec.json.encode(read).decode()} for key, read in facts.items()]
    if rows:
        of_key = update(announcements).where(announcements.c.id == bindparam("key"))
        connection.execute(of_key.values(told=bindparam("said"), read_by=reader), rows)


def begin(connection: Connection, subscriptions: Collection[str]) -> None:
    """Let subscriptions hear of what is said from now on. One that listens already stays as it is."""
    known = set(connection.execute(select(listeners.c.subscription)).scalars())
    new = [name for name in subscriptions if name not in known]
    if not new:
        return
    lock_for_transaction(connection, _HEARING)
    newest = connection.execute(select(func.coalesce(func.max(announcements.c.id), 0))).scalar_one()
    rows = [{"subscription": name, "after_announcement": newest} for name in sorted(new)]
    connection.execute(insert_or_skip(connection, listeners), rows)


def listens_after(connection: Connection, subscriptions: Collection[str]) -> dict[str, int]:
    """Subscription -> the last announcement before it began to listen. One that does not listen yet is absent."""
    query = select(listeners.c.subscription, listeners.c.after_announcement)
    found = connection.execute(query.where(listeners.c.subscription.in_(subscriptions)))
    return {row[0]: row[1] for row in found}


def covered(
    connection: Connection, subscriptions: Collection[str], keys: Collection[int]
) -> dict[str, frozenset[int]]:
    """Subscription -> those of some announcements that a period of it covers."""
    found: dict[str, list[int]] = {name: [] for name in subscriptions}
    for some in batches(sorted(keys)):
        query = select(announced.c.subscription, announced.c.announcement_id).where(
            announced.c.subscription.in_(subscriptions), announced.c.announcement_id.in_(some)
        )
        for name, key in connection.execute(query):
            found[name].append(key)
    return {name: frozenset(of) for name, of in found.items()}


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
    return Heard(row.id, announcement, row.heard_at, row.was_there, _facts_read(row.told), row.read_by)


def _outline(
    key: int, at: datetime, identity: str, medium: str, facts_and_told: tuple[str, str | None]
) -> Outline:
    facts, told = facts_and_told
    try:
        read = _TELLING.decode(told) if told is not None else None
        said = _TELLING.decode(facts) if medium == Medium.SERVER else None
    except msgspec.ValidationError:  # another version's, which is read again
        read = said = None
    if read is None:
        return Outline(key, at, identity, is_known=False)
    files = read.files if read.kind == NoticeKind.MARKED_BAD else ()
    return Outline(key, at, identity, read.context, said.before if said else None, read.cal_ver, files)


def _facts_read(text: str | None) -> Facts | None:
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


_LATEST, _BUILD = "latest", "build"


def save_contexts(connection: Connection, contexts: ContextsInUse) -> None:
    """Keep the contexts that CRDS has in use, in place of those before."""
    rows = [{"track": _LATEST, "context": contexts.latest, "since": contexts.latest_since, "cal_ver": None}]
    if contexts.build is not None:
        rows.append({"track": _BUILD, "context": contexts.build, "since": None, "cal_ver": contexts.cal_ver})
    connection.execute(delete(contexts_in_use))
    connection.execute(insert(contexts_in_use), rows)


def load_contexts(connection: Connection) -> ContextsInUse | None:
    """The contexts in use that were kept last, and what products were really made with; None before the first."""
    rows = {row.track: row for row in connection.execute(select(contexts_in_use))}
    latest, build = rows.get(_LATEST), rows.get(_BUILD)
    if latest is None:
        return None
    return ContextsInUse(
        latest.context,
        latest.since,
        build.context if build is not None else None,
        build.cal_ver if build is not None else None,
        made_with(connection, build.cal_ver) if build is not None and build.cal_ver is not None else None,
    )


def newest_build(connection: Connection, programs: Collection[int]) -> tuple[str | None, str | None]:
    """The highest released CAL_VER of some programs' products, and what `made_with` says of it."""
    cal_ver = newest(connection, programs)
    return cal_ver, made_with(connection, cal_ver) if cal_ver else None


def made_with(connection: Connection, cal_ver: str) -> str | None:
    """CRDS_CTX of the newest product that was made with a pipeline version, ``jwst_1535``; None without one."""
    known = [
        (held.latest, held.crds_ctx)
        for held in stored_holdings.load(connection)
        if held.cal_ver == cal_ver and held.crds_ctx is not None and held.latest is not None
    ]
    return context_name(max(known)[1]) if known else None
