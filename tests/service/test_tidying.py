"""What a store keeps of messages: packed, for a while, and then only what proves that they were sent."""

from __future__ import annotations

import hashlib
import sqlite3
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from pedigreed.delivery.folder import MAIL
from pedigreed.service import tidying
from pedigreed.service.one_run import Stop
from pedigreed.service.tidying import tidy
from pedigreed.store import deliveries as stored_deliveries
from pedigreed.store import listed_deliveries
from pedigreed.store.database import Store
from pedigreed.store.tables import contents, deliveries
from watcher import DAY_0, Watcher

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.engine import Connection

    from pedigreed.model.delivery import ListedDelivery

DAY = timedelta(days=1)


@pytest.fixture
def sent(watcher: Watcher) -> Watcher:
    """Five digests that arrived."""
    names = watcher.holdings.add(1180, 30)
    for day in range(5):
        watcher.holdings.remake(
            names[day : day + 5], at=DAY_0 + day * DAY - timedelta(hours=2), context=1500 + day
        )
        watcher.cycle(DAY_0 + day * DAY)
    return watcher


def listed(watcher: Watcher) -> list[ListedDelivery]:
    with watcher.store.reading() as connection:
        return listed_deliveries.newest(connection, 100)[::-1]


def bytes_of(watcher: Watcher) -> list[bytes | None]:
    with watcher.store.reading() as connection:
        return [listed_deliveries.content_of(connection, each.delivery.key) for each in listed(watcher)]


def arrived(watcher: Watcher) -> list[bytes]:
    files = [(path / MAIL).read_bytes() for path in watcher.folder.iterdir()]
    assert len(files) == 5
    return sorted(files)


def as_before(watcher: Watcher) -> None:
    """Let the store be as an older version left it."""
    whole = bytes_of(watcher)
    with watcher.store.writing() as connection:
        for each, content in zip(listed(watcher), whole, strict=True):
            of_message = contents.c.message_id == each.delivery.message.message_id
            connection.execute(update(contents).where(of_message).values(content=content))
        connection.execute(update(deliveries).values(size=None))


def kept_bytes(watcher: Watcher) -> int:
    with watcher.store.reading() as connection:
        return sum(map(len, connection.execute(select(contents.c.content)).scalars()))


def test_messages_are_kept_packed_and_come_back_byte_for_byte(sent: Watcher) -> None:
    whole = bytes_of(sent)
    assert sorted(content for content in whole if content is not None) == arrived(sent)
    assert [each.size for each in listed(sent)] == [len(content or b"") for content in whole]
    assert kept_bytes(sent) < 0.5 * sum(len(content or b"") for content in whole)


def test_what_arrived_long_ago_is_kept_as_a_hash(sent: Watcher) -> None:
    whole = bytes_of(sent)
    tidy(sent.store, sent.config, DAY_0 + 92.5 * DAY, Stop())
    assert bytes_of(sent) == [None, None, None, *whole[3:]]
    hashes = [hashlib.sha256(content or b"").hexdigest() for content in whole]
    assert [each.sha256 for each in listed(sent)] == [*hashes[:3], None, None]
    assert [each.size for each in listed(sent)] == [len(content or b"") for content in whole]
    with sent.store.writing() as connection:
        later = DAY_0 + 99 * DAY
        assert stored_deliveries.claim(connection, "keep", later, later, 9) == []


def test_what_did_not_arrive_is_kept_whole(sent: Watcher) -> None:
    with sent.store.writing() as connection:
        number = listed(sent)[0].delivery.key
        connection.execute(update(deliveries).where(deliveries.c.id == number).values(state="expired"))
    whole = bytes_of(sent)
    tidy(sent.store, sent.config, DAY_0 + 400 * DAY, Stop())
    assert bytes_of(sent) == [whole[0], None, None, None, None]


def test_a_store_of_an_older_version_is_packed_once_and_reads_the_same_meanwhile(
    sent: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = bytes_of(sent)
    as_before(sent)
    before = kept_bytes(sent)
    assert bytes_of(sent) == whole
    monkeypatch.setattr(tidying, "A_STEP", 2)
    stop = Stop()
    pack_some = stored_deliveries.pack_some

    def once(connection: Connection, limit: int) -> int:
        stop.say()
        return pack_some(connection, limit)

    monkeypatch.setattr(stored_deliveries, "pack_some", once)
    tidy(sent.store, sent.config, DAY_0 + 5 * DAY, stop)
    half = kept_bytes(sent)
    assert bytes_of(sent) == whole
    monkeypatch.undo()
    tidy(sent.store, sent.config, DAY_0 + 5 * DAY, Stop())
    assert bytes_of(sent) == whole
    assert kept_bytes(sent) < half < before
    with sent.store.reading() as connection:
        assert stored_deliveries.as_before(connection) == 0


def test_a_message_that_an_older_version_kept_is_sent_as_it_was(sent: Watcher) -> None:
    whole = bytes_of(sent)
    as_before(sent)
    with sent.store.writing() as connection:
        connection.execute(update(deliveries).values(state="waiting", finished_at=None, next_attempt_at=DAY_0))
        taken = stored_deliveries.claim(connection, "keep", DAY_0 + DAY, DAY_0 + 2 * DAY, 9)
    assert [each.message.content for each in taken] == whole


@pytest.mark.parametrize("mode", [0, 2])
@pytest.mark.long
def test_a_file_gives_back_what_nothing_is_in(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "pedigreed.db"
    with Store(f"sqlite:///{path}") as store:
        with sqlite3.connect(path) as connection:
            if mode == 0:
                connection.executescript("PRAGMA auto_vacuum=0; VACUUM;")
            connection.execute("CREATE TABLE filling (content BLOB)")
            connection.executemany("INSERT INTO filling VALUES (zeroblob(100000))", [()] * 300)
        with sqlite3.connect(path) as connection:
            connection.execute("DROP TABLE filling")
            connection.commit()
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        assert path.stat().st_size > 30_000_000
        steps = 0
        while store.shrink():
            steps += 1
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            assert connection.execute("PRAGMA auto_vacuum").fetchone() == (2,)
        connection.close()
        assert (steps > 3) is (mode == 2)
        assert path.stat().st_size < 10_000_000
        assert not store.shrink()
