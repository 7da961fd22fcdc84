"""A feed's bytes, and the entries in them. Nothing here asks or opens anything."""

from __future__ import annotations

import re
from dataclasses import dataclass
from io import BytesIO

import feedparser

from pedigreed.sources.feeds.entry import Entry, entry_of
from pedigreed.sources.feeds.repair import repaired
from pedigreed.sources.feeds.whole_entries import WholeEntries, whole_entries
from pedigreed.sources.feeds.xml_text import after_prolog, characters

_ROOTS = frozenset({"rss", "feed", "rdf"})
_OF_PAGES = re.compile(r"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_PAGE_BEGINS_WITHIN = 2000
_AS_XML = {"content-type": "application/xml; charset=utf-8"}


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
    """Read RSS 0.9 to 2.0 and Atom. Raises nothing, and takes time by the length.

    Args:
        body: as it was sent, decompressed.
        content_type: the header's value, for the charset.
        most: entries. Those at the beginning are read, which are the newest in the feeds of list archives.
    """
    text = characters(body, content_type)
    root, xml = after_prolog(text)
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
