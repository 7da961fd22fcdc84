"""Read the sources of CRDS's news, and keep what they say. Each by itself, so that none holds up another."""

from __future__ import annotations

import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from pedigreed.model.failure import StoreError, TryAgain
from pedigreed.model.news_source import Reading, SourceState
from pedigreed.model.notice import Medium
from pedigreed.model.work import Work
from pedigreed.notices.reading import facts_of, reader
from pedigreed.service.news_sources import LONGEST_WAIT, is_reading_due
from pedigreed.service.one_run import one_run
from pedigreed.sources.plain_text import plain_line
from pedigreed.store import announcements as stored_announcements
from pedigreed.store import coverage as stored_coverage

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlalchemy.engine import Connection

    from pedigreed.model.coverage import Coverage
    from pedigreed.model.instrument import Instrument
    from pedigreed.model.news_source import ArchiveEvent
    from pedigreed.model.notice import Announcement
    from pedigreed.service.news_sources import Listed
    from pedigreed.store.database import Store

LATE = timedelta(days=1)
"""How long after its ingest ended a file may still be missing from the archive's answers."""

_CLOCKS_DIFFER = timedelta(days=1)
_FIRST_LIST = datetime(2010, 1, 1, tzinfo=UTC)
"""CRDS's first context is of 2012."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SourceRead:
    """What came of reading one source.

    Attributes:
        source: its name.
        reading: what it brought.
        news: how many announcements were not known.
    """

    source: str
    reading: Reading
    news: int


_MOST_READ = 500
"""Announcements that are read in one writing transaction, so that nobody waits long after an upgrade."""


def read_news(
    sources: Sequence[Listed],
    programs: Collection[int],
    store: Store,
    now: datetime,
    *,
    only_due: bool = False,
    after: int | None = None,
) -> tuple[SourceRead, ...]:
    """Read the sources side by side, and keep what each says as soon as it has said it.

    Args:
        sources: those of the configuration.
        programs: that are watched.
        store: where everything is kept.
        now: UTC.
        only_due: leave out those whose turn it is not.
        after: the last listening that was known when this one was decided on. Where another process began one
            since, nothing is read.
    """
    with store.reading() as connection:
        states = stored_announcements.load_sources(connection)
    chosen = [each for each in sources if not only_due or is_reading_due(each, states.get(each.name), now)]
    if not chosen:
        return ()
    heard: dict[str, SourceRead] = {}
    with one_run(store, Work.LISTEN, now, after=after) as end:
        if end is None:
            return ()
        ends = time.monotonic() + LONGEST_WAIT.total_seconds()
        with ThreadPoolExecutor(len(chosen), "source") as threads:

            def begin(each: Listed) -> None:
                running[threads.submit(copy_context().run, _read, each, states.get(each.name), now)] = each

            running: dict[Future[Reading], Listed] = {}
            for each in chosen:
                begin(each)
            while running:
                for done in wait(running, return_when=FIRST_COMPLETED).done:
                    source, reading = running.pop(done), done.result()
                    before = states.get(source.name)
                    try:
                        with store.writing() as connection:
                            state, news = _keep(
                                connection, source.name, before, reading, programs=programs, now=now
                            )
                    except (StoreError, TryAgain):
                        raise
                    except Exception as error:  # noqa: BLE001  # what one source said can't be kept
                        reading = _failed(source.name, before, error)
                        with store.writing() as connection:
                            state, news = _keep(
                                connection, source.name, before, reading, programs=programs, now=now
                            )
                    states[source.name] = state
                    heard[source.name] = _with_part(heard.get(source.name), SourceRead(source.name, reading, news))
                    # A part is kept as soon as it is read, so that a kill costs no more than the next one.
                    goes_on = _has_more(reading, before) and time.monotonic() < ends
                    _log_reading(source.name, reading, news, goes_on=goes_on)
                    if goes_on:
                        begin(source)
        end(
            problems=[
                f"{each.source}: {'; '.join(each.reading.problems)}"
                for each in heard.values()
                if each.reading.problems
            ],
            beside={"sources": len(chosen), "announcements": sum(each.news for each in heard.values())},
        )
    return tuple(heard.values())


def wanted_by(
    events: Iterable[ArchiveEvent],
    coverage: Mapping[tuple[Instrument, int], Coverage],
    programs: Collection[int],
) -> frozenset[int]:
    """The watched programs that MAST's mails tell something of which the last complete answers can't have had."""
    last: dict[int, datetime] = {}
    for (_, program), state in coverage.items():
        if state.complete_at is not None:
            last[program] = min(state.complete_at, last.get(program, state.complete_at))
    return frozenset(
        event.program
        for event in events
        if event.program in programs
        and (
            event.archived_at is None
            or event.program not in last
            or event.archived_at > last[event.program] - LATE
        )
    )


def _read(listed: Listed, state: SourceState | None, now: datetime) -> Reading:
    try:
        reading = listed.open().read(state.bookmark if state else None, now)
    except Exception as error:  # noqa: BLE001  # whatever it is, it is one source's
        return _failed(listed.name, state, error)
    return replace(
        reading,
        announcements=tuple(_dated(each, now) for each in reading.announcements),
        problems=tuple(map(plain_line, reading.problems)),
    )


def _dated(announcement: Announcement, now: datetime) -> Announcement:
    """The announcement, without a date on which it can't have been said: clocks of mail programs are wrong."""
    at = announcement.said_at
    is_believed = announcement.medium is Medium.SERVER or at is None or _FIRST_LIST <= at <= now + _CLOCKS_DIFFER
    return announcement if is_believed else replace(announcement, said_at=None)


def _failed(name: str, state: SourceState | None, error: Exception) -> Reading:
    """Nothing of a source, whose bookmark stays where it is. Called while the error is handled."""
    _log.exception("a source failed", source=name)
    return Reading(
        (),
        is_complete=False,
        bookmark=state.bookmark if state else None,
        problems=(f"pedigreed failed: {type(error).__name__}",),
    )


def _keep(
    connection: Connection,
    name: str,
    state: SourceState | None,
    reading: Reading,
    *,
    programs: Collection[int],
    now: datetime,
) -> tuple[SourceState, int]:
    """How the source stands now, and how many announcements were not known."""
    old = [each for each in reading.announcements if _was_there(each, state)]
    fresh = [each for each in reading.announcements if not _was_there(each, state)]
    news = stored_announcements.keep(connection, old, now, was_there=True)
    news += stored_announcements.keep(connection, fresh, now, was_there=False)
    by = reader()
    unread = stored_announcements.not_read_by(connection, by, _MOST_READ)
    stored_announcements.keep_read(connection, {heard.key: facts_of(heard.announcement) for heard in unread}, by)
    if reading.contexts is not None:
        stored_announcements.save_contexts(connection, reading.contexts)
    if reading.events:
        coverage = stored_coverage.load(connection, programs)
        stored_coverage.report_programs(connection, wanted_by(reading.events, coverage, programs), now)
    kept = SourceState(
        name=name,
        asked_at=now,
        complete_at=now if reading.is_complete else (state.complete_at if state else None),
        # Without a problem there is more to be read, and that is no failure.
        failures=(state.failures if state else 0) + 1 if reading.problems else 0,
        problem="; ".join(reading.problems) or None,
        bookmark=reading.bookmark,
    )
    stored_announcements.save_source(connection, kept)
    return kept, len(news)


def _with_part(earlier: SourceRead | None, part: SourceRead) -> SourceRead:
    """What came of reading a source so far."""
    if earlier is None:
        return part
    before, now = earlier.reading, part.reading
    reading = replace(
        now,
        announcements=before.announcements + now.announcements,
        warnings=before.warnings + now.warnings,
        events=before.events + now.events,
    )
    return SourceRead(part.source, reading, earlier.news + part.news)


def _has_more(reading: Reading, before: SourceState | None) -> bool:
    """Whether the source was read in part, and is to be read on at once."""
    moved = reading.bookmark != (before.bookmark if before else None)
    return not reading.is_complete and not reading.problems and moved


def _was_there(announcement: Announcement, state: SourceState | None) -> bool:
    """Whether it was there when the source was first read, and so is no news, as with a program's first sight.

    A source of which one part fails for weeks is not read to its end so long. What it says meanwhile is news all
    the same, if it was said after the reading before. The server dates not all, and tells by itself what is new.
    """
    if state is None:
        return True
    if state.complete_at is not None:
        return False
    if announcement.said_at is None:
        return announcement.medium is not Medium.SERVER
    return announcement.said_at <= state.asked_at


def _log_reading(name: str, reading: Reading, news: int, *, goes_on: bool) -> None:
    log = _log.bind(source=name, announcements=news, events=len(reading.events))
    for warning in reading.warnings:
        log.warning("note", note=warning)
    if reading.is_complete:
        log.info("source read")
    elif not goes_on:
        log.warning("source not read to its end", problems=list(reading.problems))
