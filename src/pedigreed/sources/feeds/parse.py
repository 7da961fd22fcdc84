"""A feed's bytes, the entries in them, and the announcement that each is. Nothing here asks or opens anything."""

from __future__ import annotations

import calendar
import codecs
import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import feedparser

from pedigreed.model.notice import Announcement, Facts, Medium
from pedigreed.sources.charset import codec_of
from pedigreed.sources.feeds.repair import repaired
from pedigreed.sources.feeds.whole_entries import WholeEntries, whole_entries
from pedigreed.sources.plain_text import after, plain, plain_from_html, plain_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pedigreed.model.instrument import Instrument

_ROOTS = frozenset({"rss", "feed", "rdf", "channel"})
_BEGINS = re.compile(r"<(?:rss|feed|rdf:RDF)(?=[\s>])", re.IGNORECASE)
_OF_PAGES = re.compile(r"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_PAGE_BEGINS_WITHIN = 2000
_AS_XML = {"content-type": "application/xml; charset=utf-8"}

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"<\0?\0", "utf-16-le"),
    (b"\0<\0?", "utf-16-be"),
)
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s{0,20}=\s{0,20}[\"']([A-Za-z0-9._-]{1,40})[\"']")
_IN_HEADER = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9._-]{1,40})", re.IGNORECASE)
_ROOT = re.compile(r"<(?:[A-Za-z_][\w.-]{0,100}:)?(?P<name>[A-Za-z_][\w.-]{0,100})(?=[\s/>]|$)")
_SUBSET_END = re.compile(r"\]\s*>")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 has not (section 2.2)."""


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """What stands in a feed.

    Attributes:
        entries: the whole ones, in the feed's order.
        problem: why they may not be all, in words; None where they are.
        warnings: what was left out on purpose.
    """

    entries: tuple[Entry, ...] = ()
    problem: str | None = None
    warnings: tuple[str, ...] = ()


def parse_feed(body: bytes, content_type: str = "", most: int = 5000) -> ParsedFeed:
    """Read RSS 0.9 to 2.0, Atom and CDF. Raises nothing, and takes time by the length.

    Args:
        body: as it was sent, decompressed.
        content_type: the header's value, for the charset.
        most: entries. Those at the beginning are read, which are the newest in the feeds of list archives.
    """
    text = _characters(body, content_type)
    root, xml = _after_prolog(text)
    if root not in _ROOTS and root != "html" and (begins := _BEGINS.search(text)):
        # Some programs print their own complaints first.
        root, xml = _after_prolog(text[begins.start() :])
    if root not in _ROOTS:
        is_page = root == "html" or _OF_PAGES.search(text[:_PAGE_BEGINS_WITHIN])
        return ParsedFeed(problem="an HTML page came in place of a feed" if is_page else _no_feed(body))
    whole = whole_entries(xml, most)
    if whole.is_malformed:
        better = whole_entries(repaired(xml), most)
        whole = better if better.count >= whole.count else whole
    try:
        parsed = feedparser.parse(
            BytesIO(whole.xml), response_headers=_AS_XML, sanitize_html=False, resolve_relative_uris=False
        )
        entries = tuple(entry_of(entry) for entry in parsed.entries)
    except Exception as error:  # noqa: BLE001  # its handlers raise whatever they meet (checked in 6.0.14)
        return ParsedFeed(problem=f"its entries can't be read: {type(error).__name__}")
    return ParsedFeed(entries, whole.problem, tuple(_warnings(whole, most)))


def _no_feed(body: bytes) -> str:
    return "what came is no feed" if body.strip() else "the answer is empty"


def _warnings(whole: WholeEntries, most: int) -> list[str]:
    warnings = []
    if whole.has_more:
        warnings.append(f"only the first {most:,} entries were read")
    if whole.left_out:
        warnings.append(f"fields that were too long or too many were left out: {whole.left_out:,}")
    return warnings


def _characters(body: bytes, content_type: str) -> str:
    """The body's characters, without those that XML does not have. A half character at its end is left out.

    What is valid UTF-8 is taken for it, whatever header and XML declaration say: by chance it is not valid.
    """
    for coding in _codings(body, content_type):
        try:
            text = codecs.getincrementaldecoder(coding)().decode(body)
        except (UnicodeError, LookupError):
            continue
        if "<" in text:
            return _NOT_XML.sub("", text)
    return _NOT_XML.sub("", body.decode("utf-8", "replace"))


def _codings(body: bytes, content_type: str) -> Iterator[str]:
    for mark, coding in _MARKS:
        if body.startswith(mark):
            yield coding
    yield "utf-8"
    declared = _DECLARED.search(body[:1000])
    in_header = _IN_HEADER.search(content_type[:1000])
    for name in (in_header and in_header[1], declared and declared[1].decode("ascii")):
        if coding := codec_of(name):
            yield coding
    yield "cp1252"
    yield "latin-1"


def _after_prolog(text: str) -> tuple[str, str]:
    """The first element's name in lower case and without prefix, and the text from it on.

    XML declaration, comments and document type are left out, and with the document type every entity that a feed
    would define: none is ever expanded. Name and text are empty where there is no element.
    """
    position = text.find("<")
    while position >= 0:
        if text.startswith("<!--", position):
            end = after(text, "-->", position)
        elif text.startswith("<?", position):
            end = after(text, "?>", position)
        elif text.startswith("<!", position):
            end = _document_type_end(text, position)
        else:
            root = _ROOT.match(text, position)
            return (root["name"].lower(), text[position:]) if root else ("", "")
        position = text.find("<", end)
    return "", ""


def _document_type_end(text: str, start: int) -> int:
    closed = text.find(">", start)
    if "[" not in text[start : closed if closed >= 0 else len(text)]:
        return len(text) if closed < 0 else closed + 1
    end = _SUBSET_END.search(text, start)
    return end.end() if end else len(text)


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
    text = detail.get("value") if detail else value
    if not isinstance(text, str):
        return ""
    if detail and detail.get("type") == "text/plain":
        return plain(text)
    # What RSS calls a description may be either, and the lines of plain text are worth keeping.
    return plain_from_html(text) if _MARKUP.search(text) else plain(unescape(text))


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
