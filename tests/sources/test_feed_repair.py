"""Feeds that are no well-formed XML, and that other readers read all the same."""

from __future__ import annotations

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigreed.sources.feeds.parse import parse_feed
from pedigreed.sources.feeds.repair import repaired

DECLARATION = '<?xml version="1.0"?>'
DARK = "<title>New MIRI dark</title><guid>https://lists.example/1590</guid>"
FLAT = "<item><title>New MIRI flat</title><guid>https://lists.example/1591</guid></item>"


def rss(item: str, *, head: str = DECLARATION, channel: str = "<title>L</title>") -> str:
    return f'{head}<rss version="2.0"><channel>{channel}<item>{item}</item>{FLAT}</channel></rss>'


@pytest.mark.parametrize(
    ("feed", "text"),
    [
        (rss(f"{DARK}<description>jwst_miri_dark_0072.fits<br>jwst_1590.pmap<br>done</description>"), "3 lines"),
        (rss(f"{DARK}<description><p>jwst_1590.pmap<p>2 &lt; 3 & 4<b>bold</description>"), "2 < 3 & 4bold"),
        (rss(f"{DARK}<description>jwst_1590.pmap <jwst> <a href=x>here</a></description>"), "here"),
        (rss(f"{DARK}<description>jwst_1590.pmap"), "jwst_1590"),
        (rss(f"{DARK}<nircam:what>x</nircam:what><description>jwst_1590.pmap</description>"), "jwst_1590"),
        (
            rss(
                f"{DARK}<description>jwst_1590.pmap</description>",
                channel='<title>L</title><atom:link href="https://lists.example/rss" rel="self"/>',
            ),
            "jwst_1590",
        ),
        (rss(f"{DARK}<link href=https://l.example/1><description>jwst_1590.pmap</description>"), "jwst_1590"),
        (rss(f"{DARK}</b><description>jwst_1590.pmap</description></i>"), "jwst_1590"),
        (rss(f"{DARK}<description>jwst_1590.pmap</description>", head=f"\n\n {DECLARATION}"), "jwst_1590"),
        (rss(f"{DARK}<description>jwst_1590.pmap</description>", head=f"<!-- x -->{DECLARATION}"), "jwst_1590"),
        (rss(f"{DARK}<description>jwst_1590.pmap</description>", channel=DECLARATION), "jwst_1590"),
        (
            rss(
                f"{DARK}<description>jwst_1590.pmap</description>",
                head="<br />\n<b>Notice</b>: x in <b>/y</b><br />\n",
            ),
            "jwst_1590",
        ),
        (rss(f"{DARK}<content:encoded><![CDATA[<p>jwst_1590.pmap<p>x]]></content:encoded>"), "jwst_1590"),
        (rss(f"{DARK}<description><![CDATA[jwst_1590.pmap</description>"), "jwst_1590"),
        (rss(f"{DARK}<description>jwst_1590.pmap <!-- x</description>"), "jwst_1590"),
        (rss(f"{DARK}<description>jwst_1590.pmap</Description>"), "jwst_1590"),
        (rss(f"{DARK}<description>jwst_1590.pmap</description>").replace("</item><item>", "<item>"), "jwst_1590"),
        (
            rss(f"{DARK}<description>jwst_1590.pmap</description>").replace(FLAT, "")
            + rss("").replace("<item></item>", ""),
            "jwst_1590",
        ),
        (
            f"{DECLARATION}<channel><title>L</title><item>{DARK}<description>jwst_1590.pmap</description></item>{FLAT}</channel>",
            "jwst_1590",
        ),
    ],
)
def test_what_feedparser_reads_is_read(feed: str, text: str) -> None:
    parsed = parse_feed(feed.encode())
    assert parsed.problem is None
    assert [entry.title for entry in parsed.entries] == ["New MIRI dark", "New MIRI flat"]
    assert [entry.key[-4:] for entry in parsed.entries] == ["1590", "1591"]
    assert parsed.entries[0].text.count("\n") == 2 if text == "3 lines" else text in parsed.entries[0].text
    assert [entry.title for entry in feedparser.parse(feed).entries][:1] == ["New MIRI dark"]


def test_a_feed_that_begins_again_where_it_is_not_looked_for_is_told() -> None:
    parsed = parse_feed((rss(DARK) + "<!DOCTYPE rss [<!ELEMENT x ANY>]>" + rss(DARK)).encode())
    assert len(parsed.entries) == 2
    assert parsed.problem == "another feed begins after 2 whole entries"


def test_the_oldest_form_of_a_feed_is_read() -> None:
    [entry] = parse_feed(
        b'<?xml version="1.0"?><CHANNEL HREF="https://l.example/"><TITLE>L</TITLE><ITEM HREF="https://l.example/1">'
        b"<TITLE>New MIRI dark</TITLE><ABSTRACT>In jwst_1590.pmap</ABSTRACT></ITEM></CHANNEL>"
    ).entries
    assert (entry.title, entry.link, entry.text) == ("New MIRI dark", "https://l.example/1", "In jwst_1590.pmap")


def test_the_date_of_an_undeclared_prefix_that_everybody_knows_is_read() -> None:
    [dark, _] = parse_feed(rss(f"{DARK}<dc:date>2026-11-21T10:00:00Z</dc:date>").encode()).entries
    assert dark.at is not None
    assert dark.at.isoformat() == "2026-11-21T10:00:00+00:00"


def test_atom_with_an_undeclared_prefix_and_unclosed_markup_is_read() -> None:
    parsed = parse_feed(
        b'<feed xmlns="http://www.w3.org/2005/Atom"><thr:total>1</thr:total><entry><id>urn:1</id><title>T</title>'
        b'<link rel="alternate" href="https://l.example/1"><content type="xhtml"><div>one<br>two</div></content>'
        b"</entry></feed>"
    )
    [entry] = parsed.entries
    assert (parsed.problem, entry.key, entry.link) == (None, "urn:1", "https://l.example/1")
    assert entry.text.split() == ["one", "two"]


def test_a_cut_feed_is_not_made_whole() -> None:
    parsed = parse_feed(rss(f"{DARK}<description>a<br>b</description>").encode()[:-60])
    assert len(parsed.entries) == 1
    assert parsed.problem is not None


@given(st.lists(st.sampled_from(["<a>", "</a>", "<br>", "<x:y z=1>", "&", "<", "]]>", "<![CDATA[", "<!--", "t"])))
def test_whatever_it_is_the_repair_ends_and_loses_no_sound_entry(parts: list[str]) -> None:
    text = f"<rss><channel>{FLAT}<item><title>{''.join(parts)}</title></item></channel></rss>"
    assert "New MIRI flat" in repaired(text)
    assert parse_feed(text.encode()).entries[0].title == "New MIRI flat"
