"""Which work is overdue: asking, reading the news and telling that were not done as often as they are to be.

`status`, `/healthz` and the page say the same by it. What counts is an end that was recorded: work that is begun
again and again and never comes to its end is overdue.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pedigreed.model.instant import day_and_time
from pedigreed.model.pause import Paused
from pedigreed.model.work import Work
from pedigreed.schedule import due_periods, last_boundary
from pedigreed.service.news_sources import news_sources
from pedigreed.service.subscriptions import CLOCK_AHEAD, rhythm_of
from pedigreed.store import pauses as stored_pauses
from pedigreed.store import periods as stored_periods
from pedigreed.store import runs as stored_runs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from pedigreed.config.settings import Config

LATE = timedelta(hours=2)
"""How long after its time work is overdue. An asking takes a while, and a digest waits for it."""

LOOKED_BACK = 100
"""How many runs are looked through for one that came to its end."""

REMEMBERED_FOR = timedelta(days=90)
"""How far back the last period of a subscription is looked for."""


def overdue_work(connection: Connection, config: Config, now: datetime) -> tuple[str, ...]:
    """One line for each, without secrets; none where all is as recent as its rhythm."""
    return (*_work_overdue(connection, config, now), *_digests_overdue(connection, config, now))


def _work_overdue(connection: Connection, config: Config, now: datetime) -> Iterator[str]:
    rhythms = {Work.ASK: config.sources.mast.every}
    if sources := news_sources(config):
        rhythms[Work.LISTEN] = min(source.every for source in sources)
    for work, every in rhythms.items():
        runs = stored_runs.newest(connection, work, LOOKED_BACK)
        ended = next((run for run in runs if run.came_to_its_end), None)
        if ended is not None and ended.started_at < now - every - LATE:
            yield f"{work.in_words} was last done {day_and_time(ended.started_at, config.zone)}"
        elif ended is None and runs and runs[-1].started_at < now - LATE:
            begun = day_and_time(runs[-1].started_at, config.zone)
            yield f"{work.in_words} was begun {begun}, and never came to its end"


def _digests_overdue(connection: Connection, config: Config, now: datetime) -> Iterator[str]:
    silent = (
        stored_pauses.load_mutes(connection, now).keys() | stored_pauses.load(connection, Paused.DIGEST).keys()
    )
    rhythms = {each.name: rhythm_of(each, config) for each in config.subscriptions if each.name not in silent}
    ends = stored_periods.last_ends(connection, now + CLOCK_AHEAD, now - REMEMBERED_FOR)
    # The first digest waits for its programs' first answers, which may take long.
    told = {name: rhythm for name, rhythm in rhythms.items() if name in ends}
    for name in due_periods(told, ends, now):
        boundary = last_boundary(told[name], now)
        if boundary.at < now - LATE:
            yield f"the digest of {name} was due {day_and_time(boundary.at, config.zone)}"
