"""What monitors ask for, read from the store. It is asked for every few seconds, so it reads little."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pedigreed.model.pause import Pause, Paused
from pedigreed.model.problem import ProblemKind
from pedigreed.schedule import due, next_boundary
from pedigreed.service.rhythms import CLOCK_AHEAD, last_period, rhythm_of
from pedigreed.service.status import NewsSourceStatus, SourceStatus, sources, sources_of_news
from pedigreed.store import deliveries as stored_deliveries
from pedigreed.store import mutes as stored_mutes
from pedigreed.store import pauses as stored_pauses
from pedigreed.store import periods as stored_periods
from pedigreed.store import problems as stored_problems
from pedigreed.store import runs as stored_runs
from pedigreed.store import totals as stored_totals

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from pedigreed.config.settings import Config, Subscription
    from pedigreed.model.delivery import DeliveryState
    from pedigreed.model.work import Work
    from pedigreed.store.database import Store


@dataclass(frozen=True, slots=True)
class SubscriptionFigures:
    """One subscription. Times are UTC.

    Attributes:
        name: of the subscription.
        last_digest: the end of the last period that had a digest; None if none had.
        next_digest: when the next one is composed; it is past where one is overdue.
        is_muted: whether it is held quiet.
    """

    name: str
    last_digest: datetime | None
    next_digest: datetime
    is_muted: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """All of them. Times are UTC.

    Attributes:
        totals: what all runs did, as `stored_totals.load` has it.
        ended: when the last run of each kind ended.
        outbox: how many messages stand where.
        problems: how many there are of each kind.
        pauses: the channels that take nothing.
        sources, news_sources, subscriptions: one each.
        size: bytes of the store; 0 for one that is not a file.
        free: bytes that its disk has left; None for one that is not a file.
    """

    totals: Mapping[tuple[Work, str], int]
    ended: Mapping[Work, datetime]
    outbox: Mapping[DeliveryState, int]
    problems: Mapping[ProblemKind, int]
    pauses: tuple[Pause, ...]
    sources: tuple[SourceStatus, ...]
    news_sources: tuple[NewsSourceStatus, ...]
    subscriptions: tuple[SubscriptionFigures, ...]
    size: int
    free: int | None


def figures(connection: Connection, store: Store, config: Config, now: datetime) -> Figures:
    """Read them, in a transaction of the store."""
    muted = stored_mutes.load(connection, now)
    problems = Counter(known.problem.kind for known in stored_problems.load(connection))
    return Figures(
        totals=stored_totals.load(connection),
        ended=stored_runs.last_ended(connection),
        outbox=stored_deliveries.counts(connection),
        problems={kind: problems[kind] for kind in ProblemKind},
        pauses=tuple(
            pause for pause in stored_pauses.load(connection, Paused.CHANNEL).values() if pause.holds(now)
        ),
        sources=sources(connection, config, now),
        news_sources=sources_of_news(connection, config),
        subscriptions=tuple(
            _subscription(connection, config, each, now, muted[each.name].until if each.name in muted else None)
            for each in config.subscriptions
        ),
        size=store.size(),
        free=store.free(),
    )


def _subscription(
    connection: Connection, config: Config, subscription: Subscription, now: datetime, muted_until: datetime | None
) -> SubscriptionFigures:
    rhythm = rhythm_of(subscription, config)
    last = last_period(connection, subscription, now)
    told = stored_periods.last_told(connection, subscription.name, now + CLOCK_AHEAD)
    boundary = due(rhythm, last.ends_at if last else None, now) or next_boundary(rhythm, now)
    return SubscriptionFigures(
        subscription.name,
        told.ends_at if told else None,
        max(boundary.at, muted_until) if muted_until else boundary.at,
        muted_until is not None,
    )
