"""What stands in a feed, from its bytes."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.sax.saxutils import escape

import pytest

from pedigreed.sources.feeds.parse import parse_feed

ATOM = 'xmlns="http://www.w3.org/2005/Atom"'


def rss(*items: str, head: str = '<?xml version="1.0"?>') -> str:
    return f'{head}<rss version="2.0"><channel><title>t</title>{"".join(items)}</channel></rss>'


def item(title: str = "A", rest: str = "") -> str:
    return f"<item><title>{title}</title>{rest}</item>"


def test_rss_2_is_read() -> None:
    (entry,) = parse_feed(
        rss(
            "<item><title>New dark &amp; flat</title><link>https://l.example/wa.exe?A2=1&amp;L=M&amp;P=2</link>"
            "<description>&lt;p&gt;Affected: &lt;b&gt;MIRI&lt;/b&gt;&lt;/p&gt;&lt;p&gt;1 &amp;lt; 2&lt;/p&gt;"
            "</description><pubDate>Sat, 21 Nov 2026 10:00:00 -0500</pubDate></item>"
        ).encode()
    ).entries
    assert entry.key == ""
    assert entry.title == "New dark & flat"
    assert entry.link == "https://l.example/wa.exe?A2=1&L=M&P=2"
    assert entry.text.split() == ["Affected:", "MIRI", "1", "<", "2"]
    assert entry.at == datetime(2026, 11, 21, 15, tzinfo=UTC)


def test_atom_is_read_and_content_is_preferred_to_the_summary() -> None:
    (entry,) = parse_feed(
        f'<feed {ATOM}><entry><id>urn:1</id><title type="html">A &lt;i&gt;b&lt;/i&gt;</title>'
        '<link rel="alternate" href="https://l.example/1"/><summary>short</summary>'
        "<published>2026-11-21T10:00:00+02:00</published><updated>2026-11-22T10:00:00Z</updated>"
        '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>long</p><script>no()</script></div>'
        "</content></entry></feed>".encode()
    ).entries
    assert (entry.key, entry.title, entry.link, entry.text) == ("urn:1", "A b", "https://l.example/1", "long")
    assert entry.at == datetime(2026, 11, 21, 8, tzinfo=UTC)


def test_elements_in_a_field_are_read_as_its_reader_would() -> None:
    (entry,) = parse_feed(
        f'<feed {ATOM} xmlns:x="http://www.w3.org/1999/xhtml"><entry><title>a <b>b</b></title>'
        '<content type="xhtml"><x:div><x:p>one &amp; 1 &lt; 2</x:p><x:p><![CDATA[a <i> ]>]]></x:p></x:div>'
        "</content></entry></feed>".encode()
    ).entries
    assert entry.title == "a b"
    assert entry.text.split() == ["one", "&", "1", "<", "2", "a", "<i>", "]>"]


def test_atom_with_a_prefix_is_read() -> None:
    (entry,) = parse_feed(
        b'<a:feed xmlns:a="http://www.w3.org/2005/Atom"><a:entry><a:id>urn:1</a:id><a:title>T</a:title>'
        b'<a:content type="text">1 &lt; 2</a:content></a:entry></a:feed>'
    ).entries
    assert (entry.key, entry.title, entry.text) == ("urn:1", "T", "1 < 2")


def test_rss_1_is_read() -> None:
    (entry,) = parse_feed(
        b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" '
        b'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="x"><title>t</title></channel>'
        b'<item rdf:about="https://l.example/1"><title>T</title><link>https://l.example/1</link>'
        b"<dc:date>2026-11-21T10:00:00Z</dc:date></item></rdf:RDF>"
    ).entries
    assert (entry.title, entry.link, entry.at) == (
        "T",
        "https://l.example/1",
        datetime(2026, 11, 21, 10, tzinfo=UTC),
    )


def test_lines_of_plain_text_are_kept() -> None:
    (entry,) = parse_feed(
        rss(item(rest="<description>one &amp;amp; 1 &lt; 2\ntwo</description>")).encode()
    ).entries
    assert entry.text == "one & 1 < 2\ntwo"


def test_encoded_content_is_read() -> None:
    (entry,) = parse_feed(
        b'<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><item>'
        b"<description>short</description><content:encoded><![CDATA[<p>long &amp; <b>more</b></p>]]>"
        b"</content:encoded></item></channel></rss>"
    ).entries
    assert entry.text == "long & more"


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("Sat, 21 Nov 2026 10:00:00 GMT", datetime(2026, 11, 21, 10, tzinfo=UTC)),
        ("Sat, 21 Nov 2026 10:00:00 EST", datetime(2026, 11, 21, 15, tzinfo=UTC)),
        ("21 Nov 26 10:00 +0100", datetime(2026, 11, 21, 9, tzinfo=UTC)),
        ("2026-11-21", datetime(2026, 11, 21, tzinfo=UTC)),
        ("2026-11-21T10:00:00", datetime(2026, 11, 21, 10, tzinfo=UTC)),
        ("yesterday", None),
        ("Sat, 21 Nov 0000 10:00:00 GMT", None),
        ("Sat, 99 Nov 2026 99:99:99 GMT", None),
        ("", None),
    ],
)
def test_dates(written: str, at: datetime | None) -> None:
    (entry,) = parse_feed(rss(item(rest=f"<pubDate>{written}</pubDate>")).encode()).entries
    assert entry.at == at


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://user:pw@l.example/",
        "https://l.example/\u202egpj.exe",
        "https://l.example/a b",
        "https://[::1",
        "/relative",
        "https://l.example/" + "a" * 3000,
    ],
)
def test_a_link_that_is_no_plain_web_address_is_none(link: str) -> None:
    (entry,) = parse_feed(rss(item(rest=f"<link>{escape(link)}</link>")).encode()).entries
    assert entry.link is None
    assert entry.title == "A"


@pytest.mark.parametrize(
    "page",
    [
        "<!DOCTYPE html><html><head><title>Login</title></head><body><p>Log in<br></body></html>",
        "<html lang=en><body>",
        '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body/></html>',
        "\n<!-- x --><HTML><link rel=alternate type=application/rss+xml href=/feed></HTML>",
        "<head><title>x</title></head><body></body>",
    ],
)
def test_a_page_is_a_failure(page: str) -> None:
    parsed = parse_feed(page.encode())
    assert parsed.entries == ()
    assert parsed.problem == "an HTML page came in place of a feed"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "the answer is empty"),
        (b" \n", "the answer is empty"),
        (b'{"error": 1}', "what came is no feed"),
        (b"<opml/>", "what came is no feed"),
        (b"\xff\xfe\x00\x01", "what came is no feed"),
        (b"<", "what came is no feed"),
        (b"<!DOCTYPE rss [", "what came is no feed"),
    ],
)
def test_what_is_no_feed_is_a_failure(body: bytes, problem: str) -> None:
    assert parse_feed(body).problem == problem


def test_an_empty_feed_is_none() -> None:
    assert parse_feed(rss().encode()).problem is None
    assert parse_feed(f"<feed {ATOM}/>".encode()).problem is None


def test_a_feed_gives_whole_entries_wherever_it_is_cut() -> None:
    body = rss(item("one", "<description><![CDATA[a]]></description>"), item("two"), "<!-- end -->").encode()
    ends = [body.index(b"one</title>"), *(i + 7 for i in range(len(body)) if body.startswith(b"</item>", i))]
    for size in range(len(body) - len(b"</rss>") + 1):
        parsed = parse_feed(body[:size])
        whole = sum(size >= end for end in ends[1:])
        assert [entry.title for entry in parsed.entries] == ["one", "two"][:whole]
        assert parsed.problem is not None
    assert parse_feed(body).problem is None


def test_a_tag_that_is_not_closed_costs_no_entry() -> None:
    parsed = parse_feed(rss(item("one"), "<item><title>two</item>", item("three")).encode())
    assert [entry.title for entry in parsed.entries] == ["one", "two", "three"]
    assert parsed.problem is None


def test_ampersands_and_names_of_html_are_forgiven() -> None:
    parsed = parse_feed(
        rss(
            item(
                "R&D &nbsp;&eacute; &#27; &#x1F52D; &bogus;",
                "<link>https://l.example/?a=1&b=2</link><description><![CDATA[x &copy; y]]></description>",
            )
        ).encode()
    )
    (entry,) = parsed.entries
    assert parsed.problem is None
    assert entry.title == "R&D \u00e9 &#27; \U0001f52d &bogus;"
    assert entry.link == "https://l.example/?a=1&b=2"
    assert entry.text == "x \u00a9 y"


def test_what_follows_the_end_does_not_matter() -> None:
    parsed = parse_feed((rss(item("one")) + "<script>track()</script> & more").encode())
    assert parsed.problem is None
    assert len(parsed.entries) == 1


@pytest.mark.parametrize(
    ("coding", "declared", "content_type"),
    [
        ("utf-8", None, "text/xml"),
        ("utf-8", "us-ascii", "text/xml; charset=iso-8859-1"),
        ("iso-8859-1", "iso-8859-1", "application/rss+xml"),
        ("iso-8859-1", None, "text/xml; charset=ISO-8859-1"),
        ("cp1252", None, "text/xml; charset=punycode"),
        ("utf-16-le", "utf-16", ""),
        ("utf-16", "utf-16", ""),
        ("utf-8-sig", None, ""),
        ("koi8-r", "koi8-r", ""),
    ],
)
def test_charsets(coding: str, declared: str | None, content_type: str) -> None:
    letter = "\u0434" if coding == "koi8-r" else "\u00e9"
    head = f'<?xml version="1.0" encoding="{declared}"?>' if declared else "<?xml version='1.0'?>"
    body = rss(item(f"caf{letter}"), head=head).encode(coding)
    (entry,) = parse_feed(body, content_type).entries
    assert entry.title == f"caf{letter}"


def test_a_character_that_was_cut_spoils_nothing() -> None:
    body = rss(item("caf\u00e9"), item("\u00e9")).encode()
    parsed = parse_feed(body[: body.rindex("\u00e9".encode()) + 1])
    assert [entry.title for entry in parsed.entries] == ["caf\u00e9"]


def test_entities_of_a_feed_are_never_expanded() -> None:
    bomb = '<!DOCTYPE rss [<!ENTITY a "ha"><!ENTITY b "&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>'
    (entry,) = parse_feed(rss(item("&a; &b; &f;"), head=bomb).encode()).entries
    assert entry.title == "&a; &b; &f;"


def test_nothing_in_an_entry_is_more_than_text() -> None:
    evil = "\x1b[31mred\x1b[0m\r\nBcc: x@y.example\u202e<script>alert(1)</script><b onclick='x()'>bold</b>"
    (entry,) = parse_feed(
        rss(
            item(escape(evil), f"<description>{escape(evil)}</description><guid>a&#13;&#10;b\x1b[0m</guid>")
        ).encode()
    ).entries
    assert entry.title == "[31mred[0m Bcc: x@y.example<script>alert(1)</script><b onclick='x()'>bold</b>"
    for text in (entry.title, entry.key):
        assert text.isprintable()
    assert all(line.isprintable() for line in entry.text.split("\n"))
    assert "alert" not in entry.text
    assert "onclick" not in entry.text


def test_only_so_many_entries_are_read() -> None:
    parsed = parse_feed(rss(*(item(str(number)) for number in range(5))).encode(), most=3)
    assert [entry.title for entry in parsed.entries] == ["0", "1", "2"]
    assert parsed.problem is None
    assert parsed.warnings == ("only the first 3 entries were read",)
    assert parse_feed(rss(*(item(str(number)) for number in range(3))).encode(), most=3).warnings == ()


def test_fields_that_are_too_long_or_too_many_are_left_out_and_told() -> None:
    long = f"<guid>{'x' * 5000}</guid>"
    parsed = parse_feed(rss(item("one", long), item("two", "<link>https://l.example/1</link>" * 30)).encode())
    assert [(entry.title, entry.key) for entry in parsed.entries] == [("one", ""), ("two", "")]
    assert parsed.problem is None
    assert parsed.warnings == ("fields that were too long or too many were left out: 12",)


def test_fields_that_are_not_read_do_not_reach_the_parser() -> None:
    (entry,) = parse_feed(
        b'<rss version="2.0" xmlns:m="http://search.yahoo.com/mrss/"><channel><item><m:title>no</m:title>'
        b"<author>" + b"a" * 1000 + b"</author><title>yes</title><item><title>inner</title></item></item>"
        b"</channel></rss>"
    ).entries
    assert entry.title == "yes"
