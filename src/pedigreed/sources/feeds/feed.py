"""A feed as a source of announcements."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from pedigreed.model.news_source import Reading
from pedigreed.sources.feeds.bookmark import bookmark_of, read_bookmark
from pedigreed.sources.feeds.download import download
from pedigreed.sources.feeds.limits import FeedLimits
from pedigreed.sources.feeds.name import name_of
from pedigreed.sources.feeds.parse import ParsedFeed, parse_feed

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from pedigreed.config.sources import Feed
    from pedigreed.model.notice import Announcement
    from pedigreed.sources.feeds.entry import Entry

_ACCEPT = "application/atom+xml, application/rss+xml, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.1"
_CLOCKS_DIFFER = timedelta(days=1)


class FeedSource:
    """An RSS or Atom feed. It is only read."""

    def __init__(
        self,
        feed: Feed,
        user_agent: str,
        limits: FeedLimits | None = None,
        tls_context: ssl.SSLContext | None = None,
    ) -> None:
        """Nothing is asked before `read`.

        Args:
            feed: the address, which may hold a token, and the instrument that its entries are about.
            user_agent: the header's value.
            limits: of time and size.
            tls_context: whom to trust; None for the system's authorities.
        """
        self._feed = feed
        self._user_agent = user_agent
        self._limits = limits or FeedLimits()
        self._tls_context = tls_context
        self._name = name_of(feed.url)

    @property
    def name(self) -> str:
        """See `name_of`."""
        return self._name

    def read(self, bookmark: str | None, now: datetime) -> Reading:
        """Everything that the feed has, or nothing where the server says that it is as it was.

        A feed that was cut gives its whole entries, and the bookmark stays, so that it is read again. It blocks,
        and must not be called in a thread with a running event loop.

        Args:
            bookmark: what the last reading gave; None at the first. One that can't be read is as none.
            now: UTC.
        """
        known = read_bookmark(bookmark, self._feed.url)
        headers = {"User-Agent": self._user_agent, "Accept": _ACCEPT, **known.conditions}
        came = download(self._feed.url, headers, self._limits, self._tls_context)
        if came.is_unchanged and not known.conditions:
            problem = "it answered that nothing changed, without having been asked"
            return Reading((), is_complete=False, problems=(problem,))
        if came.is_unchanged:
            return Reading((), is_complete=True, bookmark=known.text)
        if came.problem and not came.body:
            return Reading((), is_complete=False, bookmark=known.text, problems=(came.problem,))
        parsed = parse_feed(came.body, came.headers.get("Content-Type", ""), self._limits.entries)
        problems = tuple(problem for problem in (came.problem, parsed.problem) if problem)
        announcements, warnings = self._announcements(parsed, now)
        return Reading(
            announcements,
            is_complete=not problems,
            bookmark=known.text if problems else bookmark_of(self._feed.url, came.headers).text,
            problems=problems,
            warnings=warnings,
        )

    def _announcements(
        self, parsed: ParsedFeed, now: datetime
    ) -> tuple[tuple[Announcement, ...], tuple[str, ...]]:
        """One for each identity, and what is odd."""
        warnings = list(parsed.warnings)
        found: dict[str, Announcement] = {}
        latest = now + _CLOCKS_DIFFER
        in_future = 0
        for identity, entry in _identified(parsed.entries):
            is_believed = entry.at is None or entry.at <= latest
            in_future += not is_believed
            announcement = entry.announcement(
                self._name, identity, entry.at if is_believed else None, self._feed.instrument
            )
            found.setdefault(identity, announcement)
        if in_future:
            warnings.append(f"{_entries(in_future)} dated in the future, and told without that date")
        return tuple(found.values()), tuple(warnings)


def _identified(entries: Sequence[Entry]) -> Iterator[tuple[str, Entry]]:
    """Each entry by its id; else by its link, where no other entry has the same; else by what it says."""
    links = Counter(entry.link for entry in entries if not entry.key)
    for entry in entries:
        has_own_link = entry.link is not None and links[entry.link] == 1
        yield entry.key or (entry.link if has_own_link and entry.link else entry.digest), entry


def _entries(count: int) -> str:
    return "1 entry is" if count == 1 else f"{count} entries are"
