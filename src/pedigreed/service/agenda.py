"""What the daemon has to do now, read from the store alone, and quick enough for every tick."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from pedigreed.model.pause import Paused
from pedigreed.model.work import Work
from pedigreed.schedule import due_periods, next_boundary
from pedigreed.service.ask_times import AHEAD, LEAD, LONGEST, ask_rhythm, is_ask_due, next_planned
from pedigreed.service.news_sources import LONGEST_READING, LONGEST_WAIT, is_awaited, is_reading_due, news_sources
from pedigreed.service.subscriptions import last_ends, pairs_of, rhythm_of
from pedigreed.store import announcements as stored_announcements
from pedigreed.store import coverage as stored_coverage
from pedigreed.store import deliveries as stored_deliveries
from pedigreed.store import downloads as stored_downloads
from pedigreed.store import pauses as stored_pauses
from pedigreed.store import runs as stored_runs

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from pedigreed.config.settings import Config
    from pedigreed.model.work import Run

WANTED_PAUSE = timedelta(hours=1)
"""Between an asking and another that MAST's mails bring forward. They may come every few minutes."""

FETCH_PAUSE = timedelta(hours=1)
"""Until what did not come is fetched again."""

LONGEST_RUN = {
    Work.LISTEN: LONGEST_READING,
    Work.ASK: LONGEST,
    Work.TELL: timedelta(hours=3),
    Work.FETCH: timedelta(days=1),
}
"""Every step within has limits of its own; this is for a process that hangs in spite of them. What is not done
then is taken up by the next one, where it was."""

LOOKED_BACK = 10
"""How many askings are looked at to count those that failed in a row."""


@dataclass(frozen=True, slots=True)
class Agenda:
    """What is to be done. All times are UTC.

    Attributes:
        due: the work that is to be begun now.
        next_digest: the subscription that is told next, and when; None where all are muted.
        next_ask: when the archive is asked next, if nothing fails before.
        waiting: how many messages wait.
        last_ask, last_listen, last_fetch: the number of the last run of that kind; 0 where there was none.
        asks_for_wanted: whether an asking is due for nothing but the programs that MAST's mails tell of.
        holds_digests: whether no digest is composed now, since what is being asked or heard belongs into it.
    """

    due: frozenset[Work]
    next_digest: tuple[str, datetime] | None
    next_ask: datetime
    waiting: int
    last_ask: int
    last_listen: int = 0
    last_fetch: int = 0
    asks_for_wanted: bool = False
    holds_digests: bool = False


def agenda(
    connection: Connection,
    config: Config,
    place: float,
    now: datetime,
    *,
    left_alone: Collection[Work] = (),
) -> Agenda:
    """Read it from the store.

    Args:
        connection: a transaction.
        config: the configuration.
        place: this installation's among all: see `ask_times`.
        now: UTC.
        left_alone: work that is not begun now, since its process failed a moment ago or takes too long. It is not
            due, and nothing waits for it.
    """
    rhythm = ask_rhythm(config, place)
    runs = stored_runs.newest(connection, Work.ASK, LOOKED_BACK)
    asked = stored_coverage.asked(connection)
    due = set()
    has_unasked = any(not pairs_of(subscription) <= asked for subscription in config.subscriptions)
    is_due = is_ask_due(rhythm, runs, now, has_unasked=has_unasked)
    asks_for_wanted = not is_due and _is_wanted_due(connection, config, runs, now)
    if is_due or asks_for_wanted:
        due.add(Work.ASK)
    listed_sources = news_sources(config, place)
    listenings = stored_runs.newest(connection, Work.LISTEN) if listed_sources else []
    states = stored_announcements.load_sources(connection) if listed_sources else {}
    sources = [(each, states.get(each.name)) for each in listed_sources]
    if not _is_running(listenings, now, LONGEST_READING) and any(
        is_reading_due(listed, state, now) for listed, state in sources
    ):
        due.add(Work.LISTEN)
    fetching = [each.name for each in config.subscriptions if each.fetch is not None]
    fetchings = stored_runs.newest(connection, Work.FETCH) if fetching else []
    if (
        fetching
        and not _is_running(fetchings, now, LONGEST_RUN[Work.FETCH])
        and stored_downloads.is_due(connection, fetching, now - FETCH_PAUSE)
    ):
        due.add(Work.FETCH)
    due.difference_update(left_alone)
    is_heard = Work.LISTEN in due or _is_running(listenings, now, LONGEST_WAIT)
    is_waiting_for_news = is_heard and any(is_awaited(listed, state, now) for listed, state in sources)
    paused = stored_pauses.holding(connection, now)
    silent = stored_pauses.load_mutes(connection, now).keys() | paused[Paused.DIGEST]
    speaking = {each.name: each for each in config.subscriptions if each.name not in silent}
    rhythms = {name: rhythm_of(subscription, config) for name, subscription in speaking.items()}
    ends = last_ends(connection, set(rhythms.values()), now)
    # After a sleep both are due. What is found then belongs into the digest, which waits for it, but not for long.
    is_waiting = Work.ASK in due or _is_running(runs, now, LEAD) or is_waiting_for_news
    # A first digest tells what the archive has, so it waits until that was asked.
    known = {name: rhythm for name, rhythm in rhythms.items() if name in ends or pairs_of(speaking[name]) <= asked}
    if not is_waiting and due_periods(known, ends, now):
        due.add(Work.TELL)
    waiting = stored_deliveries.waiting(connection)
    if any(each.next_at <= now for channel, each in waiting.items() if channel not in paused[Paused.CHANNEL]):
        due.add(Work.TELL)
    nexts = {each: next_boundary(each, now).at for each in set(rhythms.values())}
    first = min(rhythms, key=lambda name: nexts[rhythms[name]], default=None)
    return Agenda(
        due=frozenset(due),
        next_digest=None if first is None else (first, nexts[rhythms[first]]),
        next_ask=next_planned(rhythm, now),
        last_ask=runs[0].key if runs else 0,
        last_listen=listenings[0].key if listenings else 0,
        last_fetch=fetchings[0].key if fetchings else 0,
        asks_for_wanted=asks_for_wanted,
        holds_digests=is_waiting,
        waiting=sum(each.messages for each in waiting.values()),
    )


def _is_running(runs: Sequence[Run], now: datetime, longest: timedelta) -> bool:
    return bool(runs) and runs[0].ended_at is None and -AHEAD <= now - runs[0].started_at < longest


def _is_wanted_due(connection: Connection, config: Config, runs: Sequence[Run], now: datetime) -> bool:
    """Whether a watched program is wanted, and the archive was left alone for a while."""
    wanted = stored_coverage.reported_programs(connection)
    if not config.programs & wanted.keys() or _is_running(runs, now, LONGEST):
        return False
    return not runs or now - runs[0].started_at >= WANTED_PAUSE
