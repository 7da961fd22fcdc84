"""The made-up list server, as a plain HTTP client sees it."""

from __future__ import annotations

import http.client
import xml.etree.ElementTree as ET
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from faults import ClientError, CutFeed, GzipBomb, LoginPage, Redirect, ResetBefore, ResetMidBody, WrongCharset
from misbehaving import FaultyListserv
from pedigreed.demo.list_posts import MIRI_LIST, NIRCAM_LIST, POSTS
from pedigreed.demo.scenario import DAY_1, DAY_2

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def lists() -> Iterator[FaultyListserv]:
    with FaultyListserv(now=DAY_1) as served:
        yield served


def get(url: str, headers: Mapping[str, str] | None = None) -> tuple[http.client.HTTPResponse, bytes]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=20)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}", headers=headers or {})
        reply = connection.getresponse()
        return reply, reply.read()
    finally:
        connection.close()


def titles(lists: FaultyListserv, name: str, version: str = "2.0") -> list[str | None]:
    _, body = get(lists.feed_url(name, version))
    root = ET.fromstring(body)
    if version == "2.0":
        return [title.text for title in root.findall("channel/item/title")]
    return [title.text for title in root.findall(f"{ATOM}entry/{ATOM}title")]


@pytest.mark.parametrize("version", ["2.0", "ATOM1.0"])
def test_posts_are_there_from_their_date_on_and_the_newest_is_first(lists: FaultyListserv, version: str) -> None:
    assert len(titles(lists, NIRCAM_LIST, version)) == 1
    assert titles(lists, MIRI_LIST, version) == []
    lists.now = DAY_2
    newest, oldest = titles(lists, NIRCAM_LIST, version)
    assert newest == "NIRCam reference file delivery: FLAT (jwst_1584)"
    assert oldest == "NIRCam reference file delivery: WCSREGIONS (jwst_1583)"
    assert titles(lists, MIRI_LIST, version) == ["MIRI reference file delivery: DARK (jwst_1585)"]


def test_a_post_can_be_added(lists: FaultyListserv) -> None:
    first = POSTS[0]
    lists.post(type(first)(NIRCAM_LIST, DAY_1 - timedelta(minutes=1), "Late", "a <b> & c"))
    assert titles(lists, NIRCAM_LIST)[0] == "Late"


def test_who_has_the_feed_is_told_so_until_it_changes(lists: FaultyListserv) -> None:
    url = lists.feed_url(NIRCAM_LIST)
    first, _ = get(url)
    etag, modified = first.headers["ETag"], first.headers["Last-Modified"]
    assert get(url, {"If-None-Match": etag})[0].status == 304
    assert get(url, {"If-Modified-Since": modified})[0].status == 304
    assert get(url, {"If-None-Match": '"other"', "If-Modified-Since": modified})[0].status == 200
    lists.now = DAY_2
    assert get(url, {"If-None-Match": etag})[0].status == 200
    assert get(url, {"If-Modified-Since": modified})[0].status == 200


def test_the_number_of_posts_can_be_limited(lists: FaultyListserv) -> None:
    lists.now = DAY_2
    _, body = get(f"{lists.feed_url(NIRCAM_LIST)}&LIMIT=1")
    assert len(ET.fromstring(body).findall("channel/item")) == 1


@pytest.mark.parametrize("rest", ["?RSS&L=NO_SUCH_LIST&v=2.0", "?A0=NIRCAM_REFFILES"])
def test_everything_else_is_a_page(lists: FaultyListserv, rest: str) -> None:
    reply, body = get(lists.url + "/scripts/wa.exe" + rest)
    assert (reply.status, reply.headers.get_content_type()) == (200, "text/html")
    assert body.startswith(b"<html>")


def test_faults_come_in_their_order_and_end(lists: FaultyListserv) -> None:
    url = lists.feed_url(NIRCAM_LIST)
    whole = get(url)[1]
    lists.misbehave(LoginPage())
    lists.misbehave(ClientError(404), times=2)
    lists.misbehave(CutFeed())
    lists.misbehave(Redirect())
    lists.misbehave(WrongCharset("utf-16"))
    lists.misbehave(GzipBomb(megabytes=1))
    assert b"Login Required" in get(url)[1]
    assert [get(url)[0].status for _ in range(2)] == [404, 404]
    assert get(url)[1] == whole[: len(whole) // 2]
    redirected = get(url)[0]
    assert redirected.headers["Location"] == url.removeprefix(lists.url)
    assert get(url)[0].headers["Content-Type"] == "text/xml; charset=utf-16"
    assert len(get(url)[1]) < 10_000
    assert get(url)[1] == whole


def test_a_fault_lasts_until_it_is_called_off(lists: FaultyListserv) -> None:
    lists.misbehave(LoginPage(), times=None)
    assert all(b"Login" in get(lists.feed_url(MIRI_LIST))[1] for _ in range(3))
    lists.well_behaved()
    assert titles(lists, MIRI_LIST) == []


@pytest.mark.parametrize("fault", [ResetBefore(), ResetMidBody()])
def test_a_connection_can_be_reset(lists: FaultyListserv, fault: ResetBefore | ResetMidBody) -> None:
    lists.misbehave(fault)
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        get(lists.feed_url(NIRCAM_LIST))


def test_requests_are_kept(lists: FaultyListserv) -> None:
    get(lists.feed_url(NIRCAM_LIST), {"User-Agent": "test/1"})
    (request,) = lists.requests
    assert request.target == "/scripts/wa.exe?RSS&L=NIRCAM_REFFILES&v=2.0"
    assert request.headers["user-agent"] == "test/1"
