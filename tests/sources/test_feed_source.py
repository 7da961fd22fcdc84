"""A feed, read over HTTP from a list server that may misbehave."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import tracemalloc
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest

from certificates import certificate_for
from faults import (
    ClientError,
    CutFeed,
    Drip,
    EmptyBody,
    Endless,
    EntityBomb,
    Fault,
    GzipBomb,
    Hang,
    LoginPage,
    OtherBody,
    Redirect,
    ResetBefore,
    ResetMidBody,
    ServerError,
    SlowHead,
    TooManyRequests,
    Unavailable,
    WrongCharset,
)
from misbehaving import FaultyListserv
from pedigreed.config.sources import Feed
from pedigreed.demo.list_posts import MIRI_LIST, NIRCAM_LIST, ListPost
from pedigreed.demo.loopback import Reply
from pedigreed.demo.scenario import DAY_1, DAY_2, DAY_3
from pedigreed.model.instrument import Instrument
from pedigreed.model.notice import Medium
from pedigreed.net.patience import Patience
from pedigreed.sources.feeds.feed_source import FeedSource

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from pathlib import Path

    from pedigreed.model.news_source import Reading
    from pedigreed.sources.source import Source

QUICK = Patience(total_timeout=20, first_pause=0.01, largest_answer=5_000_000, redirects=5)
TOKEN = "8f14e45fceea167a5a36dedd4bea2543"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def lists() -> Iterator[FaultyListserv]:
    with FaultyListserv(now=DAY_2) as served:
        yield served


def source(
    lists: FaultyListserv, name: str = NIRCAM_LIST, version: str = "2.0", patience: Patience = QUICK
) -> FeedSource:
    feed = Feed(url=lists.feed_url(name, version), instrument=Instrument.NIRCAM)
    return FeedSource(feed, "pedigreed-test/1", patience)


def read(lists: FaultyListserv, patience: Patience = QUICK, bookmark: str | None = None) -> Reading:
    return source(lists, patience=patience).read(bookmark, DAY_2)


class Sent(Fault):
    """A body of the test's own."""

    def __init__(self, body: str, content_type: str = "text/xml", *headers: tuple[str, str]) -> None:
        self.reply = Reply(body.encode(), 200, content_type, headers)

    def on_reply(self, _reply: Reply) -> Reply:
        return self.reply


def sent(lists: FaultyListserv, *items: str, now: datetime = DAY_2) -> Reading:
    lists.misbehave(Sent(f"<rss><channel>{''.join(items)}</channel></rss>"))
    return source(lists).read(None, now)


@pytest.mark.parametrize("version", ["2.0", "ATOM1.0"])
def test_a_list_is_read(lists: FaultyListserv, version: str) -> None:
    feed: Source = source(lists, version=version)
    reading = feed.read(None, DAY_2)
    assert (reading.is_complete, reading.problems, reading.warnings) == (True, (), ())
    newest, oldest = reading.announcements
    assert newest.source == feed.name == "NIRCAM_REFFILES at 127.0.0.1"
    assert newest.medium is Medium.FEED
    assert newest.said_at == datetime(2026, 11, 21, 16, 30, tzinfo=UTC)
    assert newest.title == "NIRCam reference file delivery: FLAT (jwst_1584)"
    assert "Files: jwst_nircam_flat_0821.fits, jwst_nircam_flat_0822.fits" in newest.text
    assert newest.link == newest.identity
    assert newest.facts.instruments == (Instrument.NIRCAM,)
    assert oldest.identity != newest.identity


def test_both_forms_of_a_list_tell_the_same(lists: FaultyListserv) -> None:
    rss, atom = (source(lists, version=version).read(None, DAY_2) for version in ("2.0", "ATOM1.0"))
    assert rss.announcements == atom.announcements


def test_it_is_read_in_a_thread_of_a_program_with_an_event_loop(lists: FaultyListserv) -> None:
    reading = asyncio.run(asyncio.to_thread(source(lists).read, None, DAY_2))
    assert len(reading.announcements) == 2


def test_a_proxy_that_is_none_is_told(lists: FaultyListserv, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.setenv("HTTP_PROXY", "nonsense://proxy.example")
    assert read(lists).problems == ("its address or that of a proxy can't be used",)


def test_it_says_who_asks(lists: FaultyListserv) -> None:
    read(lists)
    (request,) = lists.requests
    assert request.headers["user-agent"] == "pedigreed-test/1"
    assert "if-none-match" not in request.headers


def test_a_feed_without_an_instrument_is_of_the_one_that_its_list_names(lists: FaultyListserv) -> None:
    feed = FeedSource(Feed(url=lists.feed_url(MIRI_LIST)), "pedigreed-test/1", QUICK)
    (announcement,) = feed.read(None, DAY_2).announcements
    assert announcement.facts.instruments == (Instrument.MIRI,)


def test_what_did_not_change_is_not_sent_again_however_often_it_is_asked(lists: FaultyListserv) -> None:
    lists.now = DAY_1
    feed = source(lists)
    first = feed.read(None, DAY_1)
    assert len(first.announcements) == 1
    bookmark = first.bookmark
    for _ in range(20):
        again = feed.read(bookmark, DAY_1)
        assert (again.announcements, again.is_complete) == ((), True)
        bookmark = again.bookmark
    lists.now = DAY_2
    news = feed.read(bookmark, DAY_2)
    assert {announcement.identity for announcement in news.announcements} > {first.announcements[0].identity}
    assert news.bookmark != bookmark
    assert feed.read(news.bookmark, DAY_3).announcements == ()


@pytest.mark.parametrize("fault", [CutFeed(), LoginPage(), ClientError(404), EmptyBody(), ResetMidBody(), Hang()])
def test_a_bad_reading_does_not_move_the_bookmark(lists: FaultyListserv, fault: Fault) -> None:
    feed = source(lists, patience=replace(QUICK, total_timeout=1, attempts=1))
    lists.now = DAY_1
    bookmark = feed.read(None, DAY_1).bookmark
    lists.now = DAY_2
    lists.misbehave(fault)
    bad = feed.read(bookmark, DAY_2)
    assert not bad.is_complete
    assert bad.bookmark == bookmark
    assert len(feed.read(bad.bookmark, DAY_2).announcements) == 2


@pytest.mark.parametrize("bookmark", ["", "{", "[]", '{"address": "x", "etag": "y"}', "\x00", "\ud800"])
def test_a_bookmark_that_can_not_be_read_is_as_none(lists: FaultyListserv, bookmark: str) -> None:
    assert len(read(lists, bookmark=bookmark).announcements) == 2


def test_unchanged_without_a_question_is_a_failure(lists: FaultyListserv) -> None:
    lists.misbehave(Redirect("x", status=304))
    reading = read(lists)
    assert (reading.is_complete, reading.bookmark) == (False, None)


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (LoginPage(), "an HTML page came in place of a feed"),
        (EmptyBody(), "the answer is empty"),
        (OtherBody(), "what came is no feed"),
        (ClientError(404), "answered HTTP 404"),
        (ClientError(403), "answered HTTP 403"),
        (ServerError(), "answered HTTP 500"),
        (TooManyRequests(retry_after=10_000), "answered HTTP 429, and asked for a pause of 10000 s"),
        (ResetBefore(), "connection reset"),
        (Redirect(), "it redirects more than 5 times"),
        (Redirect("file:///etc/passwd"), "it redirects to what is no web address"),
        (Redirect("ftp://lists.example/feed"), "it redirects to what is no web address"),
        (Redirect("http://[::1/"), "it redirects to what is no web address"),
        (
            Sent("\x1b\x03", "text/xml", ("Content-Encoding", "br")),
            "the answer is compressed in a way that was not asked for",
        ),
        (Sent("plain", "text/xml", ("Content-Encoding", "gzip")), "what came is no feed"),
    ],
    ids=lambda value: None if isinstance(value, str) else type(value).__name__,
)
def test_failures_are_told_in_words(lists: FaultyListserv, fault: Fault, problem: str) -> None:
    lists.misbehave(fault, times=None)
    reading = read(lists)
    assert reading.announcements == ()
    assert not reading.is_complete
    assert reading.problems == (problem,)
    assert reading.bookmark is None


@pytest.mark.parametrize("fault", [Hang(), SlowHead(), Drip()])
def test_it_ends_in_time_whatever_the_server_does(lists: FaultyListserv, fault: Fault) -> None:
    lists.misbehave(fault, times=None)
    reading = read(lists, replace(QUICK, total_timeout=0.5))
    assert not reading.is_complete
    assert reading.problems[0] == "no whole answer within 0.5 s"


@pytest.mark.parametrize("fault", [Endless(), GzipBomb(megabytes=200)])
def test_what_is_too_long_gives_its_whole_entries_in_little_memory(lists: FaultyListserv, fault: Fault) -> None:
    lists.misbehave(fault)
    tracemalloc.start()
    reading = read(lists, replace(QUICK, total_timeout=60, largest_answer=1_000_000))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 30_000_000
    assert len(reading.announcements) == 2
    assert not reading.is_complete
    assert "the answer is longer than 1,000,000 bytes" in reading.problems


@pytest.mark.parametrize("coding", ["gzip", "br", "utf-8"])
def test_a_feed_that_says_it_is_compressed_and_is_not_is_read(lists: FaultyListserv, coding: str) -> None:
    plain = "<rss><channel><item><title>New NIRISS flat, jwst_1584.pmap</title></item></channel></rss>"
    lists.misbehave(Sent(plain, "text/xml", ("Content-Encoding", coding)))
    reading = read(lists)
    assert reading.is_complete
    assert [each.title for each in reading.announcements] == ["New NIRISS flat, jwst_1584.pmap"]


def test_entries_about_another_telescope_are_no_news_of_jwst(lists: FaultyListserv) -> None:
    hst, jwst = (
        "<item><title>hst_1290.pmap: WFC3 flats</title></item>",
        "<item><title>All files are new</title></item>",
    )
    body = f"<rss><channel>{hst}{jwst}</channel></rss>"
    for instrument, titles in ((None, ["All files are new"]), (Instrument.MIRI, ["hst_1290.pmap: WFC3 flats"])):
        lists.misbehave(Sent(body))
        feed = Feed(url=lists.feed_url(NIRCAM_LIST), instrument=instrument)
        reading = FeedSource(feed, "pedigreed-test/1", QUICK).read(None, DAY_2)
        assert [each.title for each in reading.announcements][:1] == titles
        assert reading.is_complete


def test_an_entry_that_tells_of_two_contexts_is_two(lists: FaultyListserv) -> None:
    said = "jwst_1583.pmap: new NIRCam flats.&lt;br&gt;jwst_1584.pmap: new MIRI photom files."
    reading = sent(lists, f"<item><guid>7</guid><title>Deliveries</title><description>{said}</description></item>")
    assert [each.identity for each in reading.announcements] == ["7#1", "7#2"]


def test_an_entity_bomb_is_text(lists: FaultyListserv) -> None:
    lists.misbehave(EntityBomb())
    (announcement,) = read(lists).announcements
    assert announcement.title == "&l10;"


@pytest.mark.parametrize("charset", ["us-ascii", "utf-16", "nonsense", "iso-8859-1"])
def test_a_wrong_charset_does_no_harm(lists: FaultyListserv, charset: str) -> None:
    lists.post(ListPost(NIRCAM_LIST, DAY_1, "caf\u00e9", "\u00e9"))
    good = read(lists)
    lists.misbehave(WrongCharset(charset))
    assert read(lists).announcements == good.announcements


def test_a_cut_feed_gives_its_whole_entries(lists: FaultyListserv) -> None:
    lists.misbehave(CutFeed(0.8))
    reading = read(lists)
    assert [announcement.title[-11:] for announcement in reading.announcements] == ["(jwst_1584)"]
    assert reading.problems == ("it is cut after 1 whole entry",)
    assert not reading.is_complete


def test_a_body_that_breaks_off_is_asked_for_again_and_then_used(lists: FaultyListserv) -> None:
    lists.misbehave(ResetMidBody(), times=None)
    reading = read(lists)
    assert len(lists.requests) == 3
    assert not reading.is_complete
    assert len(reading.problems) >= 1


@pytest.mark.parametrize("fault", [Unavailable(), ServerError(), ResetBefore(), ResetMidBody()])
def test_what_passes_is_waited_for(lists: FaultyListserv, fault: Fault) -> None:
    lists.misbehave(fault, times=2)
    reading = read(lists)
    assert reading.is_complete
    assert len(reading.announcements) == 2
    assert len(lists.requests) == 3


def test_a_pause_that_the_time_allows_is_kept_and_a_longer_one_is_not(lists: FaultyListserv) -> None:
    lists.misbehave(TooManyRequests(retry_after=1))
    assert read(lists).is_complete
    assert len(lists.requests) == 2
    lists.misbehave(TooManyRequests(retry_after=3600))
    assert not read(lists).is_complete
    assert len(lists.requests) == 3


@pytest.mark.parametrize("fault", [ClientError(404), LoginPage(), Redirect("file:///etc/passwd")])
def test_what_does_not_pass_is_asked_once(lists: FaultyListserv, fault: Fault) -> None:
    lists.misbehave(fault, times=None)
    read(lists)
    assert len(lists.requests) == 1


def test_redirects_are_followed(lists: FaultyListserv) -> None:
    lists.misbehave(Redirect(lists.feed_url(MIRI_LIST)), times=5)
    reading = read(lists)
    assert [announcement.title[:4] for announcement in reading.announcements] == ["MIRI"]


def test_nobody_there_is_told(lists: FaultyListserv) -> None:
    url = lists.feed_url(NIRCAM_LIST)
    with FaultyListserv(now=DAY_1) as gone:
        url = gone.feed_url(NIRCAM_LIST)
    reading = FeedSource(Feed(url=url), "pedigreed-test/1", QUICK).read(None, DAY_1)
    assert reading.problems == ("connection refused",)


def test_a_name_that_is_none_is_told() -> None:
    reading = FeedSource(Feed(url="http://lists.invalid/feed"), "pedigreed-test/1", QUICK).read(None, DAY_1)
    assert reading.problems == ("its name does not resolve",)


class _ToPlain(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(301)
        self.send_header("Location", "http://127.0.0.1:1/")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Quiet."""


@contextmanager
def over_tls(context: ssl.SSLContext) -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _ToPlain)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}/feed"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_server_that_nobody_vouches_for_and_a_way_out_of_tls_are_refused(tmp_path: Path) -> None:
    certified = certificate_for("127.0.0.1", tmp_path)
    with over_tls(certified.server) as url:
        unknown = FeedSource(Feed(url=url), "pedigreed-test/1", QUICK).read(None, DAY_1)
        known = FeedSource(Feed(url=url), "pedigreed-test/1", QUICK, certified.trust).read(None, DAY_1)
    assert unknown.problems == ("its certificate is not valid",)
    assert known.problems == ("it redirects from https to http",)


@pytest.mark.parametrize("fault", [None, ServerError(), ResetBefore(), Redirect(), LoginPage(), CutFeed()])
def test_a_token_in_the_address_is_told_nowhere(
    lists: FaultyListserv, caplog: pytest.LogCaptureFixture, fault: Fault | None
) -> None:
    caplog.set_level(logging.DEBUG)
    if fault:
        lists.misbehave(fault, times=None)
    feed = FeedSource(Feed(url=f"{lists.feed_url(NIRCAM_LIST)}&token={TOKEN}"), "pedigreed-test/1", QUICK)
    reading = feed.read(None, DAY_2)
    assert TOKEN in lists.requests[0].target
    assert TOKEN not in f"{feed.name} {reading} {caplog.text}"


def test_entries_without_an_id_have_a_stable_one(lists: FaultyListserv) -> None:
    one, two = "<item><title>one</title></item>", "<item><title>two</title></item>"
    first = {a.title: a.identity for a in sent(lists, one, two).announcements}
    later = {a.title: a.identity for a in sent(lists, "<item><title>new</title></item>", two, one).announcements}
    assert first["one"] != first["two"]
    assert {title: later[title] for title in first} == first


def test_equal_entries_are_one_and_so_are_those_with_one_id(lists: FaultyListserv) -> None:
    same = "<item><title>one</title></item>"
    with_id = ["<item><guid>1</guid><title>a</title></item>", "<item><guid>1</guid><title>b</title></item>"]
    assert [a.title for a in sent(lists, same, same, *with_id).announcements] == ["one", "a"]


def test_entries_that_share_a_link_are_not_one(lists: FaultyListserv) -> None:
    link = "<link>https://l.example/news</link>"
    items = [f"<item><title>{title}</title>{link}</item>" for title in ("one", "two")]
    identities = [a.identity for a in sent(lists, *items).announcements]
    assert len(set(identities)) == 2
    assert "https://l.example/news" not in identities


def test_a_long_id_is_short_and_the_same_again(lists: FaultyListserv) -> None:
    item = f"<item><guid>{'x' * 3000}</guid></item>"
    (first,), (second,) = sent(lists, item).announcements, sent(lists, item).announcements
    assert first.identity == second.identity
    assert len(first.identity) < 100


def test_a_date_in_the_future_is_not_believed(lists: FaultyListserv) -> None:
    items = [
        "<item><guid>1</guid><pubDate>Thu, 21 Nov 2099 10:00:00 GMT</pubDate></item>",
        "<item><guid>2</guid><pubDate>Sun, 22 Nov 2026 10:00:00 GMT</pubDate></item>",
        "<item><guid>3</guid></item>",
    ]
    reading = sent(lists, *items)
    assert [a.said_at for a in reading.announcements] == [None, DAY_2 + timedelta(hours=4), None]
    assert reading.is_complete
    assert reading.warnings == ("1 entry is dated in the future, and told without that date",)
    later = sent(lists, items[0], now=datetime(2100, 1, 1, tzinfo=UTC))
    assert later.announcements[0].identity == "1"
    assert later.announcements[0].said_at is not None


def test_more_entries_than_are_read_is_a_warning(lists: FaultyListserv) -> None:
    feed = Feed(url=lists.feed_url(NIRCAM_LIST))
    reading = FeedSource(feed, "pedigreed-test/1", QUICK, most=1).read(None, DAY_2)
    assert len(reading.announcements) == 1
    assert reading.is_complete
    assert reading.warnings == ("only the first 1 entries were read",)


def test_what_a_reader_gets_is_text_only(lists: FaultyListserv) -> None:
    evil = "\x1b]0;x\x07a\r\nBcc: b@obs.example\u202e <script>alert(1)</script><img src=x onerror=y> c"
    lists.post(ListPost(NIRCAM_LIST, DAY_1, evil, evil))
    for version in ("2.0", "ATOM1.0"):
        for announcement in source(lists, version=version).read(None, DAY_2).announcements:
            assert announcement.title.isprintable()
            assert announcement.identity.isprintable()
            assert all(line.isprintable() for line in announcement.text.split("\n"))


def test_the_bookmark_is_text_that_anyone_can_read(lists: FaultyListserv) -> None:
    bookmark = read(lists).bookmark
    assert bookmark is not None
    assert set(json.loads(bookmark)) == {"address", "etag", "last_modified"}
