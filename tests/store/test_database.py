"""Transactions, threads and processes, on both databases."""

from __future__ import annotations

import gc
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.exc import SQLAlchemyError

from pedigreed.model.failure import PedigreedError, StoreError, TryAgain
from pedigreed.model.pause import Pause, Paused
from pedigreed.store import pauses, periods
from pedigreed.store.database import Store

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def see(store: Store, subscription: str) -> None:
    with store.writing() as connection:
        periods.claim(connection, {subscription: "2026-11-21"}, NOON)


def is_seen(store: Store, subscription: str) -> bool:
    with store.reading() as connection:
        return bool(periods.last_closed(connection, NOON, [subscription]))


def test_what_was_kept_is_there_when_the_store_is_opened_again(store_url: str) -> None:
    with Store(store_url) as store:
        see(store, "jades")
    with Store(store_url) as store:
        assert is_seen(store, "jades")


def test_a_transaction_that_fails_keeps_nothing(store: Store) -> None:
    def fail() -> None:
        with store.writing() as connection:
            periods.claim(connection, {"jades": "2026-11-21"}, NOON)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        fail()
    assert not is_seen(store, "jades")
    see(store, "jades")
    assert is_seen(store, "jades")


def test_a_reading_transaction_changes_nothing(store: Store) -> None:
    with pytest.raises((PedigreedError, SQLAlchemyError)), store.reading() as connection:
        periods.claim(connection, {"jades": "2026-11-21"}, NOON)
    assert not is_seen(store, "jades")
    see(store, "jades")
    assert is_seen(store, "jades"), "a connection that was for reading may be for writing next"


def test_a_reading_transaction_sees_one_state_while_another_writes(store: Store) -> None:
    with store.reading() as connection:
        assert periods.last_closed(connection, NOON, ["jades"]) == {}
        see(store, "jades")
        assert periods.last_closed(connection, NOON, ["jades"]) == {}
    assert is_seen(store, "jades")


def test_nobody_sees_what_is_not_committed(store: Store) -> None:
    with store.writing() as connection:
        periods.claim(connection, {"jades": "2026-11-21"}, NOON)
        assert not is_seen(store, "jades")
    assert is_seen(store, "jades")


def test_a_part_of_a_transaction_can_be_taken_back(store: Store) -> None:
    with store.writing() as connection:
        periods.claim(connection, {"jades": "2026-11-21"}, NOON)
        part = connection.begin_nested()
        periods.claim(connection, {"ceers": "2026-11-21"}, NOON)
        part.rollback()
    assert is_seen(store, "jades")
    assert not is_seen(store, "ceers")


def test_threads_share_a_store(store_url: str) -> None:
    names = [f"subscription {number}" for number in range(24)]
    with Store(store_url) as store, ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda name: see(store, name), names))
        assert all(threads.map(lambda name: is_seen(store, name), names))


def test_several_may_make_one_store_at_once(store_url: str) -> None:
    ready = threading.Barrier(8)

    def make(number: int) -> None:
        ready.wait()
        with Store(store_url) as store:
            see(store, f"subscription {number}")

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(make, range(8)))
    with Store(store_url) as store:
        assert all(is_seen(store, f"subscription {number}") for number in range(8))


def test_a_store_that_is_in_use_is_usable_again_afterwards(hasty_store: Store) -> None:
    pause = Pause(Paused.CHANNEL, "email", NOON, NOON, 1, "why")
    with hasty_store.writing() as connection:
        pauses.begin(connection, pause)
        with pytest.raises(TryAgain), hasty_store.writing() as other:
            pauses.begin(other, pause)
    see(hasty_store, "ceers")
    assert is_seen(hasty_store, "ceers")
    with hasty_store.reading() as connection:
        assert pauses.load(connection, Paused.CHANNEL) == {"email": pause}


def test_a_closed_store_leaves_nothing_open(store_url: str) -> None:
    with Store(store_url) as store:
        see(store, "jades")
    del store
    # An open connection would warn as it is collected, and a warning is an error.
    gc.collect()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "pedigreed.db",
        "sqlite://",
        "sqlite:////var/lib/pedigreed.db?mode=ro",
        "mysql://pedigreed:hunter2@db.example/pedigreed",
        "postgresql://pedigreed:hun@ter2@db.example/pedigreed",
        "postgresql://pedigreed:hun:ter2@db.example:port/pedigreed",
        "postgresql://hunter2@db.example:hunter2/pedigreed",
    ],
)
def test_what_is_no_url_of_a_store_is_refused_without_its_secret(url: str) -> None:
    with pytest.raises(StoreError) as raised:
        Store(url)
    assert "postgresql://USER@HOST/DATABASE" in str(raised.value)
    failure: BaseException | None = raised.value
    while failure is not None:
        assert "ter2" not in repr(failure)
        failure = failure.__context__


def test_an_sqlite_store_is_named_by_its_path(path: Path, url: str) -> None:
    with Store(url) as store:
        assert store.name == str(path)
        assert store.size() >= 50_000
