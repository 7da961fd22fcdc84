"""The reader of feeds survives whatever it is sent: it raises nothing, and ends."""

from __future__ import annotations

import tracemalloc
from datetime import UTC
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples import examples
from pedigreed.sources.feeds.parse import Entry, ParsedFeed, parse_feed

SIZE = examples(1_000_000)
BYTES_OF_MEMORY = 120 * SIZE

FIELDS = [
    *("title", "link", "description", "summary", "content", "guid", "id", "pubDate", "updated", "published"),
    *("content:encoded", "dc:date", "media:content", "media:title", "author", "category", "source", "item"),
]
INNER = ["b", "p", "script", "svg", "math", "div", "a", "pre", "author", "title", "link", "description", "image"]
ATTRIBUTES = [
    *(' type="html"', ' type="xhtml"', ' type="text"', ' type="application/octet-stream"', ' mode="base64"'),
    *(' href="https://a.example/"', ' href="file:///etc/passwd"', ' rel="self"', ' xml:base="http://["'),
    *(' xmlns="http://www.w3.org/2005/Atom"', ' xmlns="http://www.w3.org/1999/xhtml"', ' xml:lang=""'),
    *(' isPermaLink="true"', ' isPermaLink="false"', ' xmlns:dc="http://www.w3.org/2005/Atom"', ' url="x"'),
]
TEXTS = st.text(max_size=20) | st.sampled_from(
    [
        *("<", "&", "&nbsp;", "&#0;", "&#xD800;", "]]>", "<![CDATA[", "<!--", "-->", "<?x", "?>"),
        *("<!DOCTYPE x [", "<b>bold</b>", "<script>alert(1)</script>", "<i", "&lt;b&gt;", "a\r\nBcc: b"),
        *("Sat, 21 Nov 2026 10:00:00 GMT", "2026-W99-9", "9999-12-31T23:59:59-24:00", "0000-00-00", "1:1:1"),
        *("https://[::1", "http://a:b", "https://a.example/x", "//", "javascript:x", "24.5.2026"),
        *("\x1b[0m", "\u202e", "\ud7ff", "=====", "YQ=="),
    ]
)


def elements(names: list[str], inside: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(
        lambda name, attributes, parts: f"<{name}{''.join(attributes)}>{''.join(parts)}</{name}>",
        st.sampled_from(names),
        st.lists(st.sampled_from(ATTRIBUTES), max_size=2, unique_by=lambda text: text.partition("=")[0]),
        st.lists(inside, max_size=3),
    )


def entries(texts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    inner = st.recursive(texts, lambda inside: elements(INNER, inside), max_leaves=4)
    return st.lists(elements(FIELDS, texts | inner), max_size=6).map("".join)


ESCAPED = TEXTS.map(escape) | TEXTS.map(lambda text: f"<![CDATA[{text.replace(']]>', '')}]]>")
PREFIXES = (
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/" '
    'xmlns:media="http://search.yahoo.com/mrss/"'
)
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
ROOTS = [
    f"<rss {PREFIXES}><channel><item>{{}}</item></channel></rss>",
    f'<feed {PREFIXES} xmlns="http://www.w3.org/2005/Atom"><entry>{{}}</entry></feed>',
    f'<dc:feed {PREFIXES} xmlns="http://www.w3.org/2005/Atom"><entry>{{}}</entry></dc:feed>',
    f'<r:RDF {PREFIXES} xmlns:r="{RDF}" xmlns="http://purl.org/rss/1.0/"><item>{{}}</item></r:RDF>',
]


def check(parsed: ParsedFeed) -> None:
    """Everything in it is text and nothing else."""
    for entry in parsed.entries:
        assert isinstance(entry, Entry)
        assert entry.title.isprintable()
        assert entry.key.isprintable()
        assert all(line.isprintable() for line in entry.text.split("\n"))
        assert entry.link is None or entry.link.startswith(("http://", "https://", "HTTP://", "HTTPS://"))
        assert entry.at is None or entry.at.tzinfo is UTC
        assert entry.digest.isprintable()
    assert parsed.problem is None or parsed.problem.isprintable()


@given(st.sampled_from(ROOTS), entries(ESCAPED), st.text(max_size=30))
def test_any_structure(root: str, inside: str, content_type: str) -> None:
    parsed = parse_feed(root.format(inside).encode("utf-8", "replace"), content_type)
    assert parsed.problem is None
    assert len(parsed.entries) <= 1
    check(parsed)


@given(st.sampled_from(ROOTS), entries(TEXTS | ESCAPED))
def test_any_structure_that_is_no_xml(root: str, inside: str) -> None:
    check(parse_feed(root.format(inside).encode("utf-8", "replace")))


@given(st.sampled_from(ROOTS), entries(ESCAPED), st.data())
def test_any_structure_that_is_cut_and_spoiled(root: str, inside: str, data: st.DataObject) -> None:
    body = bytearray((root.format(inside) * 2).encode("utf-8", "replace"))
    for _ in range(data.draw(st.integers(0, 2))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    check(parse_feed(bytes(body[: len(body) - data.draw(st.integers(0, len(body)))])))


@given(st.binary(max_size=300), st.text(max_size=30))
def test_any_bytes(body: bytes, content_type: str) -> None:
    check(parse_feed(body, content_type))


@given(
    st.binary(max_size=200),
    st.sampled_from(["utf-8", "utf-16", "cp037", "idna", "hex", "utf-7", "\x00", "gb18030"]),
)
def test_any_bytes_in_a_feed(inside: bytes, charset: str) -> None:
    check(parse_feed(b"<rss><channel><item><title>" + inside + b"</title></item>", f"text/xml; charset={charset}"))


def filled(unit: str) -> str:
    return unit * (SIZE // len(unit))


def in_item(text: str) -> str:
    return f"<rss><channel><item><title>a</title>{text}</item><item><title>b</title></item></channel></rss>"


def in_channel(unit: str) -> str:
    return f"<rss><channel>{filled(unit)}</channel></rss>"


ATTRIBUTES_OF_ONE = " ".join(f'a{n}=""' for n in range(9 * SIZE // 100))
NAMESPACES = "".join(f'<title xmlns:n{n}="u{n}">a</title>' for n in range(SIZE // 40))
MOST = "a" * (9 * SIZE // 10)
LONG_AUTHOR = f"<author>{'a' * 3900}</author>"
BOMB = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(filled("\n") + in_item(""), id="empty lines before it"),
        pytest.param(filled("<!--") + in_item(""), id="comments that are not closed"),
        pytest.param("<!DOCTYPE a [" + filled("]  "), id="a document type that is not closed"),
        pytest.param(f'<!DOCTYPE rss [<!ENTITY e0 "ha">{BOMB}]>{in_item("&e11;")}', id="entity bomb"),
        pytest.param("<rss><channel>" + filled("<a>"), id="deep"),
        pytest.param(in_item(filled("<a>")), id="deep in an entry"),
        pytest.param(filled("<rss>"), id="feeds in feeds"),
        pytest.param(in_channel("<item><title>a</title></item>"), id="many entries"),
        pytest.param(in_channel("<item/>"), id="many empty entries"),
        pytest.param(in_item(filled("<guid>a</guid>")), id="many ids"),
        pytest.param(in_item(filled("<link>http://a/</link>")), id="many links"),
        pytest.param(in_item(filled("<description>a</description>")), id="many descriptions"),
        pytest.param(in_item(f"<author>{filled('a')}</author>"), id="long author"),
        pytest.param(in_channel(f"<item><guid>{LONG_AUTHOR}</guid></item>"), id="authors in ids"),
        pytest.param(in_channel(f"<item><title>{LONG_AUTHOR}</title></item>"), id="authors in titles"),
        pytest.param(
            f'<feed><entry><content type="text/xml"><author>{MOST}</author></content></entry></feed>',
            id="author in XML",
        ),
        pytest.param(
            in_item(f"<description><p/><title>x</title><title>x</title><author>{MOST}</author></description>"),
            id="author after ends in a description",
        ),
        pytest.param(in_item(f"<description>{filled('&')}</description>"), id="ampersands"),
        pytest.param(in_item(f"<description>{filled('<![CDATA[')}</description>"), id="CDATA that is not closed"),
        pytest.param(in_item(f"<description>{filled('&lt;b&gt;')}"[:SIZE] + "</description>"), id="tags in HTML"),
        pytest.param(in_item(f"<description>{filled('<b/>')}</description>"), id="tags in XHTML"),
        pytest.param(f"<rss {filled('a=1 ')}/>", id="attributes"),
        pytest.param(
            in_item(f"<description><p {ATTRIBUTES_OF_ONE}/></description>"),
            id="attributes in XHTML",
        ),
        pytest.param(in_item(NAMESPACES), id="namespaces"),
        pytest.param(in_channel(f"<item><pubDate>{'1:' * 1900}</pubDate></item>"), id="long dates"),
        pytest.param(in_item("<x:y>" + filled("<![CDATA[")), id="CDATA that is not closed after what is no XML"),
        pytest.param(in_item("<x:y>" + filled("<!--")), id="comments that are not closed after what is no XML"),
        pytest.param(in_item("<x:y>" + filled("<!")), id="declarations that are not closed"),
        pytest.param(in_item("<x:y>" + filled("<a ")), id="tags that are not closed"),
        pytest.param(in_item("<x:y>" + filled('<a b="')), id="quotes that are not closed"),
        pytest.param(in_item(f"<x:y {filled('a')}>"), id="a long name"),
        pytest.param(in_item(f"<x:y {filled('a  ')}>"), id="names without values"),
        pytest.param(in_item(f"<x:y {filled('a=')}>"), id="values without quotes"),
        pytest.param(in_item(filled("<x:y>")), id="deep without a declaration"),
        pytest.param(in_item(filled("</b>") + "<x:y>"), id="ends of nothing"),
        pytest.param(in_item("<x:y>" * 50 + filled("</b>")), id="ends of nothing in what is open"),
        pytest.param(filled("<html>"), id="pages"),
        pytest.param(filled("\0"), id="zeros"),
    ],
)
@pytest.mark.long
def test_a_megabyte_made_to_be_slow_is_read_to_its_end_in_little_memory(text: str) -> None:
    """What takes the square of the length would take hours."""
    body = text.encode()
    tracemalloc.start()
    check(parse_feed(body))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < BYTES_OF_MEMORY
