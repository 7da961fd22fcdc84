"""A feed as a source of announcements, which is asked only for what changed."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec

from pedigreed.model.failure import UpstreamUnavailable
from pedigreed.model.news_source import Reading
from pedigreed.net.exchange import Answer, Request, blocking_exchange, limits_of, usable
from pedigreed.net.patience import Patience
from pedigreed.sources.about_crds import instrument_of, is_of_another_telescope, of_one_context_each
from pedigreed.sources.feeds.parse import ParsedFeed, parse_feed
from pedigreed.sources.source import feed_name

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from pedigreed.config.sources import Feed
    from pedigreed.model.notice import Announcement
    from pedigreed.net.exchange import NoAnswer
    from pedigreed.sources.feeds.parse import Entry


_WANTED = frozenset({HTTPStatus.OK, HTTPStatus.NOT_MODIFIED})
_NOTHING = Answer(HTTPStatus.OK, {}, b"")
_ACCEPT = "application/atom+xml, application/rss+xml, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.1"
_PATIENCE = Patience(total_timeout=60.0, first_pause=1.0, largest_answer=5_000_000, redirects=5)
"""The slowest feed of that size that we could make is read in 4 s."""

MOST_ENTRIES = 5000
"""The rest of a feed, which is older, is left out."""

_CLOCKS_DIFFER = timedelta(days=1)


class FeedSource:
    """An RSS or Atom feed. It is only read."""

    def __init__(
        self,
        feed: Feed,
        user_agent: str,
        patience: Patience = _PATIENCE,
        tls_context: ssl.SSLContext | None = None,
        *,
        most: int = MOST_ENTRIES,
    ) -> None:
        """Nothing is asked before `read`.

        Args:
            feed: the address, which may hold a token, and the instrument that its entries are about.
            user_agent: the header's value.
            patience: limits of time and size.
            tls_context: whom to trust; None for the system's authorities.
            most: entries that are read.
        """
        self._feed = feed
        self._user_agent = user_agent
        self._patience = patience
        self._tls_context = tls_context
        self._most = most
        self._name = feed_name(feed.url)

    @property
    def name(self) -> str:
        """See `names.feed_name`."""
        return self._name

    def read(self, bookmark: str | None, now: datetime) -> Reading:
        """Everything that the feed has, or nothing where the server says that it is as it was.

        A feed that was cut gives its whole entries, and the bookmark stays, so that it is read again. It blocks,
        and must not be called in a thread with a running event loop.

        Args:
            bookmark: what the last reading gave; None at the first. One that can't be read is as none.
            now: UTC.
        """
        known = kept_validators(bookmark, self._feed.url)
        came, problem = self._download(known.conditions)
        if came.status == HTTPStatus.NOT_MODIFIED and not known.conditions:
            problem = "answered that nothing changed, without having been asked"
            return Reading((), is_complete=False, problems=(problem,))
        if came.status == HTTPStatus.NOT_MODIFIED:
            return Reading((), is_complete=True, bookmark=known.text)
        if problem and not came.body:
            return Reading((), is_complete=False, bookmark=known.text, problems=(problem,))
        parsed = parse_feed(came.body, came.headers.get("Content-Type", ""), self._most)
        problems = tuple(each for each in (problem, parsed.problem) if each)
        announcements, warnings = self._announcements(parsed, now)
        return Reading(
            announcements,
            is_complete=not problems,
            bookmark=known.text if problems else validators_of(self._feed.url, came.headers).text,
            problems=problems,
            warnings=warnings,
        )

    def _download(self, conditions: Mapping[str, str]) -> tuple[Answer, str | None]:
        """The feed, as far as it came, and why it is not whole; None where it is."""
        own = {"User-Agent": self._user_agent, "Accept": _ACCEPT, "Accept-Encoding": "gzip"}
        request = Request("GET", self._feed.url, {**own, **conditions})
        deadline = self._patience.deadline()
        came: Answer | NoAnswer | None = None

        def ask() -> Answer:
            nonlocal came
            came = blocking_exchange(request, limits_of(self._patience, deadline), self._tls_context)
            return usable(came, _WANTED)

        try:
            return self._patience.retrying(deadline)(ask), None
        except UpstreamUnavailable as error:
            # What came of it before it broke off is used.
            return (came if isinstance(came, Answer) and came.status in _WANTED else _NOTHING), str(error)

    def _announcements(
        self, parsed: ParsedFeed, now: datetime
    ) -> tuple[tuple[Announcement, ...], tuple[str, ...]]:
        """One for each identity, and what is odd."""
        warnings = list(parsed.warnings)
        found: dict[str, Announcement] = {}
        latest = now + _CLOCKS_DIFFER
        instrument = self._feed.instrument or instrument_of(self._name)
        in_future = 0
        for identity, entry in _identified(parsed.entries):
            is_believed = entry.at is None or entry.at <= latest
            in_future += not is_believed
            announcement = entry.announcement(self._name, identity, entry.at if is_believed else None, instrument)
            said = f"{announcement.title}\n{announcement.text}"
            if self._feed.instrument is None and is_of_another_telescope(said):
                continue
            for each in of_one_context_each(announcement):
                found.setdefault(each.identity, each)
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


_SENDABLE = re.compile(r"[\x20-\x7e]{1,1000}")


@dataclass(frozen=True, slots=True)
class Validators:
    """What the last complete answer said of the feed's state (RFC 9110, section 8.8).

    Attributes:
        address: a digest of the address that they are of. For another address they mean nothing.
        etag, last_modified: the headers' values; None where there was none.
    """

    address: str
    etag: str | None = None
    last_modified: str | None = None

    @property
    def text(self) -> str | None:
        """As it is kept. None where the server gave no validator."""
        return msgspec.json.encode(self).decode() if self.etag or self.last_modified else None

    @property
    def conditions(self) -> dict[str, str]:
        """The request's headers."""
        headers = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in headers.items() if value}


def validators_of(url: str, headers: Mapping[str, str]) -> Validators:
    """What an answer's headers say. A value that can't be sent back is none."""
    return Validators(_digest(url), _sendable(headers.get("ETag")), _sendable(headers.get("Last-Modified")))


def kept_validators(text: str | None, url: str) -> Validators:
    """The kept one. What can't be read, or is of another address, is as if there were none."""
    try:
        kept = msgspec.json.decode(text or "", type=Validators)
    except (msgspec.DecodeError, UnicodeError):
        return Validators(_digest(url))
    if kept.address != _digest(url):
        return Validators(_digest(url))
    return Validators(kept.address, _sendable(kept.etag), _sendable(kept.last_modified))


def _sendable(value: str | None) -> str | None:
    return value if value and _SENDABLE.fullmatch(value) else None


def _digest(url: str) -> str:
    return hashlib.sha256(url.encode("utf-8", "replace")).hexdigest()[:16]
