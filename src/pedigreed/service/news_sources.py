"""The sources of CRDS's news: which the configuration names, and when each is read.

What reads a source is imported when it is opened, so that the daemon does without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from pedigreed.config.settings import Report
from pedigreed.model.pause import nth_pause
from pedigreed.schedule import last_turn
from pedigreed.service.ask_times import place_of
from pedigreed.sources.source import CRDS_SERVER, feed_name, mailbox_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from pedigreed.config.settings import Config, Feed, MailboxSource
    from pedigreed.model.news_source import SourceState
    from pedigreed.sources.source import Source

RETRIES = tuple(timedelta(minutes=minutes) for minutes in (15, 60, 240))
"""After a reading that was not complete; the last one repeats."""

LONGEST_WAIT = timedelta(minutes=10)
"""How long a digest waits for the news of CRDS. What was read less long ago is new enough for it."""

LONGEST_READING = timedelta(minutes=30)
"""A reading that began so long ago and did not end has no process any more."""

AHEAD = timedelta(hours=1)
"""A reading from a later time than this was dated by a clock that was wrong."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A source that the configuration names.

    Attributes:
        name: the source's.
        every: how often it is read.
        place: where among all installations this one stands with it, from 0 to 1.
        open: makes the source. It is not called before the source is read.
    """

    name: str
    every: timedelta
    place: float
    open: Callable[[], Source]


def news_sources(
    config: Config,
    place: float = 0.0,
    *,
    user_agent: str = "",
    newest_build: Callable[[], tuple[str | None, str | None]] = lambda: (None, None),
) -> tuple[Listed, ...]:
    """The sources, the server first and the mailbox last.

    Where no subscription wants to hear of CRDS, neither the server nor a feed is asked.

    Args:
        config: the configuration.
        place: this installation's among all, from 0 to 1. It matters to who asks when a source is read.
        user_agent: what they are told of who asks.
        newest_build: tells, when the server is read, the newest pipeline version that was seen in the archive, and
            CRDS_CTX of the newest product with it.
    """
    crds, mailbox = config.sources.crds, config.sources.mailbox
    found = []
    if any(subscription.crds.report is not Report.NONE for subscription in config.subscriptions):
        if crds.url is not None:
            found.append((CRDS_SERVER, crds.every, partial(_server, crds.url, user_agent, newest_build)))
        found += [(feed_name(feed.url), crds.every, partial(_feed, feed, user_agent)) for feed in crds.feeds]
    if mailbox is not None:
        found.append((mailbox_name(mailbox), mailbox.every, partial(_mailbox, mailbox)))
    # Each source has a turn of its own, so that not all are asked in the same minute.
    return tuple(
        Listed(name, every, (place + place_of(name)) % 1, opens)
        for name, every, opens in {each[0]: each for each in found}.values()
    )


def is_reading_due(listed: Listed, state: SourceState | None, now: datetime) -> bool:
    """Whether it is the source's turn."""
    if state is None or state.asked_at > now + AHEAD:
        return True
    if state.failures and now >= state.asked_at + min(nth_pause(RETRIES, state.failures), listed.every):
        return True
    return state.asked_at < last_turn(listed.every, listed.place, now)


def is_awaited(listed: Listed, state: SourceState | None, now: datetime) -> bool:
    """Whether a digest waits for the source: its turn has come, and it was not read a moment ago."""
    return is_reading_due(listed, state, now) and (state is None or abs(now - state.asked_at) >= LONGEST_WAIT)


def _server(url: str, user_agent: str, newest_build: Callable[[], tuple[str | None, str | None]]) -> Source:
    from pedigreed.sources.crds.server import CrdsServer  # noqa: PLC0415  # the daemon does without

    return CrdsServer(url, user_agent, *newest_build())


def _feed(feed: Feed, user_agent: str) -> Source:
    from pedigreed.sources.feeds.feed_source import FeedSource  # noqa: PLC0415  # likewise

    return FeedSource(feed, user_agent)


def _mailbox(mailbox: MailboxSource) -> Source:
    from pedigreed.sources.mailbox.open_mailbox import open_mailbox  # noqa: PLC0415  # likewise

    return open_mailbox(mailbox)
