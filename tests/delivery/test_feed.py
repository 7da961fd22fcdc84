"""The feed: valid to a feed reader and by the rules of Atom, and of the last digests alone."""

from __future__ import annotations

import asyncio
import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import feedparser
import pytest

from pedigreed.config.channels import FeedChannel as FeedSettings
from pedigreed.delivery.feed import MOST_ENTRIES, FeedChannel
from pedigreed.delivery.messages import build_message
from pedigreed.model.delivery import Retry, Scope, Sent
from pedigreed.model.digest import Attachment, RenderedDigest

if TYPE_CHECKING:
    from pathlib import Path

    from pedigreed.model.delivery import Message

ATOM = "{http://www.w3.org/2005/Atom}"
FIRST = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "news.atom"


def message(number: int, file: Path) -> Message:
    rendered = RenderedDigest(
        f"{number:032x}",
        "jades",
        f"[pedigreed] jades: {number} new & <old>",
        "with files\n",
        (Attachment("jades.json", "application/json", b"[]"),),
        html="<html><body>a page</body></html>",
        text_without_files="NEW    1 product\n  1180   <Ångström> & \x00\n",
    )
    return build_message(rendered, FeedSettings(path=file), channel="news", now=FIRST + timedelta(days=number))


def sent(file: Path, *numbers: int) -> list[object]:
    async def send() -> list[object]:
        channel = FeedChannel(file)
        return [await channel.send(message(number, file)) for number in numbers]

    return asyncio.run(send())


def test_a_feed_reader_shows_the_digest_with_its_columns(file: Path) -> None:
    sent(file, 0)
    read = feedparser.parse(file.read_bytes())
    assert not read.bozo
    assert read.version == "atom10"
    (entry,) = read.entries
    assert entry.title == "[pedigreed] jades: 0 new & <old>"
    assert entry.content[0].value == "<pre>NEW    1 product\n  1180   &lt;Ångström&gt; &amp; \ufffd\n</pre>"
    assert entry.updated == "2026-11-22T06:00:00.000Z"


def test_it_has_what_atom_wants_of_a_feed_and_its_entries(file: Path) -> None:
    """RFC 4287, 4.1.1 and 4.1.2: one id, title and updated each; an author; content where there is no link."""
    sent(file, 0, 1, 2)
    feed = ET.fromstring(file.read_bytes())
    assert feed.tag == f"{ATOM}feed"
    assert feed.findtext(f"{ATOM}author/{ATOM}name") == "pedigreed"
    entries = feed.findall(f"{ATOM}entry")
    for element in (feed, *entries):
        assert [len(element.findall(f"{ATOM}{name}")) for name in ("id", "title", "updated")] == [1, 1, 1]
        assert element.findtext(f"{ATOM}id", "").startswith("urn:uuid:")
        assert datetime.fromisoformat(element.findtext(f"{ATOM}updated", "")).tzinfo is not None
    assert all(entry.findtext(f"{ATOM}content") for entry in entries)
    assert len({entry.findtext(f"{ATOM}id") for entry in entries}) == 3
    assert feed.findtext(f"{ATOM}updated") == entries[0].findtext(f"{ATOM}updated") == "2026-11-24T06:00:00.000Z"


def test_the_last_ones_are_kept_the_newest_first(file: Path) -> None:
    sent(file, *range(MOST_ENTRIES + 2))
    titles = [entry.title for entry in feedparser.parse(file.read_bytes()).entries]
    assert titles == [f"[pedigreed] jades: {number} new & <old>" for number in range(MOST_ENTRIES + 1, 1, -1)]


def test_a_message_that_is_older_than_all_does_not_come_again(file: Path) -> None:
    numbers = range(1, MOST_ENTRIES + 1)
    sent(file, *numbers)
    before = file.read_bytes()
    assert all(isinstance(outcome, Sent) for outcome in sent(file, 0, *numbers))
    assert file.read_bytes() == before


@pytest.mark.parametrize("content", [b"notes of mine\n", b"<html/>", b""])
def test_a_file_that_is_no_feed_is_left_as_it_is(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    (outcome,) = sent(file, 0)
    assert outcome == Retry(
        f"{file} is something else than a feed: name another file, or take it away", scope=Scope.CHANNEL_BROKEN
    )
    assert file.read_bytes() == content


def test_anybody_may_read_it_whom_the_umask_lets(file: Path) -> None:
    sent(file, 0)
    assert file.stat().st_mode & 0o777 == 0o644
    assert list(file.parent.iterdir()) == [file]
