"""One entry of a feed, and the announcement that it is."""

from __future__ import annotations

import calendar
import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pedigreed.model.notice import Announcement, Facts, Medium
from pedigreed.sources.plain_text import plain, plain_from_html, plain_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pedigreed.model.instrument import Instrument

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_IDENTITY = 500
_LONGEST_LINK = 2000
_MARKUP = re.compile("<[A-Za-z/!?]")
_DATES = ("published_parsed", "updated_parsed", "created_parsed")


@dataclass(frozen=True, slots=True)
class Entry:
    """What an entry says, as plain text.

    Attributes:
        key: its own id; empty where it has none.
        at: when it was published, or else changed, UTC; None where it does not say, or not so that it can be read.
            A date without a zone is taken for UTC.
        title, text, link: as in `Announcement`.
    """

    key: str
    at: datetime | None
    title: str
    text: str
    link: str | None

    @property
    def digest(self) -> str:
        """Of all that it says: the same for the same words at every reading."""
        said = "\0".join((self.title, self.at.isoformat() if self.at else "", self.text, self.link or ""))
        return f"sha256:{hashlib.sha256(said.encode()).hexdigest()}"

    def announcement(
        self, source: str, identity: str, said_at: datetime | None, instrument: Instrument | None
    ) -> Announcement:
        """The same as an announcement."""
        return Announcement(
            source=source,
            medium=Medium.FEED,
            identity=identity,
            said_at=said_at,
            title=self.title,
            text=self.text,
            link=self.link,
            facts=Facts(instruments=(instrument,) if instrument else ()),
        )


def entry_of(parsed: Mapping[str, Any]) -> Entry:
    """Of what feedparser gives for an entry.

    The text is that of the full content where there is one, else of the summary.
    """
    return Entry(
        key=_key(parsed.get("id")),
        at=next((at for name in _DATES if (at := _moment(_own(parsed, name))) is not None), None),
        title=plain_line(_words(parsed.get("title_detail"), parsed.get("title"))),
        text=_text(parsed),
        link=_link(parsed.get("link")),
    )


def _text(parsed: Mapping[str, Any]) -> str:
    contents = parsed.get("content") or ()
    texts = (_words(content, None) for content in contents)
    return next((text for text in texts if text), "") or _words(
        parsed.get("summary_detail"), parsed.get("summary")
    )


def _words(detail: Mapping[str, Any] | None, value: object) -> str:
    """Plain text of a value that may be HTML."""
    told = detail.get("value") if detail else value
    if not isinstance(told, str):
        return ""
    if detail and detail.get("type") == "text/plain":
        return plain(told)
    # What RSS calls a description may be either, and the lines of plain text are worth keeping.
    return plain_from_html(told) if _MARKUP.search(told) else plain(unescape(told))


def _own(parsed: Mapping[str, Any], name: str) -> object:
    """The value itself. feedparser's dictionary gives one date for another, with a warning."""
    return dict.get(parsed, name) if isinstance(parsed, dict) else parsed.get(name)


def _moment(utc: object) -> datetime | None:
    """Of feedparser's struct_time, which may have a year that no calendar has."""
    try:
        seconds: int = calendar.timegm(utc)  # type: ignore[arg-type]  # what is none fails
        return _EPOCH + timedelta(seconds=seconds)
    except (TypeError, ValueError, OverflowError):
        return None


def _key(value: object) -> str:
    """An id as one line. A long one, or one with characters that are not seen, is known by its digest."""
    if not isinstance(value, str) or not value.strip():
        return ""
    key = value.strip()
    if plain_line(key, _LONGEST_IDENTITY) == key:
        return key
    return f"sha256:{hashlib.sha256(key.encode('utf-8', 'replace')).hexdigest()}"


def _link(value: object) -> str | None:
    """A web address that can stand in a mail or page as it is; None for anything else."""
    if not isinstance(value, str):
        return None
    link = value.strip()
    try:
        parts = urlsplit(link)
        is_one = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    is_plain = len(link) <= _LONGEST_LINK and link.isprintable() and not set(link) & set(" <>\"'\\`")
    return link if is_one and is_plain and "@" not in parts.netloc else None
