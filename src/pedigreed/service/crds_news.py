"""What was heard of CRDS, put together once, and what of it each subscription is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from pedigreed.changes.selection import selection_of
from pedigreed.config.settings import Report
from pedigreed.model.notice import NoticeKind
from pedigreed.notices.merging import notices_of
from pedigreed.notices.relevance import concerns
from pedigreed.service.news_sources import news_sources
from pedigreed.service.trust import sources_checked
from pedigreed.store import announcements as stored_announcements
from pedigreed.store import contexts_in_use as stored_contexts
from pedigreed.store import products as stored_products

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from pedigreed.config.settings import Config, Subscription
    from pedigreed.model.contexts import ContextsInUse
    from pedigreed.model.digest import SourceCheck
    from pedigreed.model.instrument import Instrument
    from pedigreed.model.news_source import SourceState
    from pedigreed.model.notice import Notice
    from pedigreed.model.product import ExposureUse
    from pedigreed.service.news_sources import Listed

LOOKED_BACK = timedelta(days=180)
"""What was first heard before is no news any more."""


@dataclass(frozen=True, slots=True)
class CrdsNews:
    """What was heard.

    Attributes:
        notices: the newest first.
        contexts: the contexts in use; None where CRDS was never asked.
        sources: those of the configuration.
        states: how the reading of each source stands, by name.
    """

    notices: tuple[Notice, ...]
    contexts: ContextsInUse | None
    sources: tuple[Listed, ...]
    states: Mapping[str, SourceState]


@dataclass(frozen=True, slots=True)
class ToldNews:
    """What a subscription is told of it now.

    Attributes:
        notices: builds first, then the newest first.
        covers: the keys of the announcements that are covered by telling these, or by not telling them.
        sources: whether each source was read.
    """

    notices: tuple[Notice, ...] = ()
    covers: tuple[int, ...] = ()
    sources: tuple[SourceCheck, ...] = ()


def crds_news(connection: Connection, config: Config) -> CrdsNews:
    """Put together what was heard until now."""
    return CrdsNews(
        notices=notices_of(stored_announcements.load(connection)),
        contexts=stored_contexts.load(connection),
        sources=news_sources(config),
        states=stored_announcements.load_sources(connection),
    )


class NewsOfOneMoment:
    """What was heard until a moment, put together when the first digest of many needs it."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._news: CrdsNews | None = None

    def read(self, connection: Connection) -> CrdsNews:
        """Read it, or give what was read. What is heard meanwhile is told the next time."""
        if self._news is None:
            self._news = crds_news(connection, self._config)
        return self._news


def told_news(
    connection: Connection, news: CrdsNews, subscription: Subscription, *, starts: datetime, now: datetime
) -> ToldNews:
    """Choose what the subscription is told. Changes nothing.

    A notice is told once: who was told of it by one source is not told again by another.

    Args:
        connection: a transaction.
        news: what was heard.
        subscription: whose digest it is.
        starts: the begin of the period, UTC.
        now: UTC.
    """
    report = subscription.crds.report
    sources = () if report is Report.NONE else sources_checked(news.sources, news.states, starts, now)
    after = stored_announcements.listens_after(connection, subscription.name)
    if after is None:
        return ToldNews(sources=sources)
    told = stored_announcements.covered(connection, subscription.name)
    since = now - LOOKED_BACK
    fresh = [
        notice
        for notice in news.notices
        if notice.is_news and notice.first_heard.key > after and notice.first_heard.heard_at >= since
    ]
    untold = [notice for notice in fresh if not any(heard.key in told for heard in notice.heard)]
    covers = {heard.key for notice in fresh for heard in notice.heard} - told
    chosen: list[Notice] = []
    if untold and report is not Report.NONE:
        uses = _uses(connection, subscription)
        chosen = [notice for notice in untold if _is_wanted(notice, subscription, uses)]
    chosen.sort(key=lambda notice: notice.kind is not NoticeKind.BUILD)
    return ToldNews(tuple(chosen), tuple(covers), sources)


def _uses(connection: Connection, subscription: Subscription) -> list[ExposureUse]:
    selection = selection_of(subscription)
    uses = stored_products.exposure_uses(connection, subscription.programs)
    return [use for use in uses if selection.is_about(use)]


def _is_wanted(notice: Notice, subscription: Subscription, uses: Collection[ExposureUse]) -> bool:
    instruments: Collection[Instrument] = subscription.crds.instruments or {use.instrument for use in uses}
    if subscription.crds.report is Report.ALL:
        named = notice.facts.instruments
        return not named or any(instrument in instruments for instrument in named)
    return concerns(
        notice,
        {(use.instrument, use.exp_type) for use in uses},
        {use.level for use in uses},
        instruments,
    )
