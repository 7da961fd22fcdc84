"""The sources of CRDS's news that a configuration names. What reads one is imported when it is opened."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pedigreed.config.settings import Report
from pedigreed.service.ask_times import place_of
from pedigreed.service.listen_times import Listed
from pedigreed.sources.crds.name import NAME as SERVER_NAME
from pedigreed.sources.feeds.name import name_of as name_of_feed
from pedigreed.sources.mailbox.name import name_of as name_of_mailbox

if TYPE_CHECKING:
    from pedigreed.config.settings import Config, Feed, MailboxSource
    from pedigreed.sources.source import Source


def news_sources(
    config: Config, place: float = 0.0, *, user_agent: str = "", cal_ver: str | None = None
) -> tuple[Listed, ...]:
    """The sources, the server first and the mailbox last.

    Where no subscription wants to hear of CRDS, neither the server nor a feed is asked.

    Args:
        config: the configuration.
        place: this installation's among all, from 0 to 1. It matters to who asks when a source is read.
        user_agent: what they are told of who asks.
        cal_ver: the newest pipeline version that was seen in the archive.
    """
    crds, mailbox = config.sources.crds, config.sources.mailbox
    found = []
    if any(subscription.crds.report is not Report.NONE for subscription in config.subscriptions):
        if crds.url is not None:
            found.append((SERVER_NAME, crds.every, partial(_server, crds.url, user_agent, cal_ver)))
        found += [(name_of_feed(feed.url), crds.every, partial(_feed, feed, user_agent)) for feed in crds.feeds]
    if mailbox is not None:
        found.append((name_of_mailbox(mailbox), mailbox.every, partial(_mailbox, mailbox)))
    # Each source has a turn of its own, so that not all are asked in the same minute.
    return tuple(
        Listed(name, every, (place + place_of(name)) % 1, opens)
        for name, every, opens in {each[0]: each for each in found}.values()
    )


def _server(url: str, user_agent: str, cal_ver: str | None) -> Source:
    from pedigreed.sources.crds.server import CrdsServer  # noqa: PLC0415  # the daemon does without

    return CrdsServer(url, user_agent, cal_ver)


def _feed(feed: Feed, user_agent: str) -> Source:
    from pedigreed.sources.feeds.feed import FeedSource  # noqa: PLC0415  # likewise

    return FeedSource(feed, user_agent)


def _mailbox(mailbox: MailboxSource) -> Source:
    from pedigreed.sources.mailbox.source import open_mailbox  # noqa: PLC0415  # likewise

    return open_mailbox(mailbox)
