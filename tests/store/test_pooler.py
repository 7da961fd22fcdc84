"""A store on PostgreSQL behind a connection pooler that gives a client a server's connection for a transaction."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from notes import note, noted
from pedigreed.model.failure import StoreError
from pedigreed.store.database import Store
from pedigreed.store.live_processes import Life, held
from pgbouncer import pgbouncer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.process

FEW = 3
"""Connections that the pooler has to the server."""


@pytest.fixture
def database() -> str:
    return "postgresql"


@pytest.fixture
def pooled_url(migrated_url: str, tmp_path: Path) -> Iterator[str]:
    with pgbouncer(tmp_path, migrated_url, FEW) as url:
        yield url


def at_work(url: str, life: Life = Life.RUN) -> frozenset[int]:
    with Store(url) as store, store.reading() as connection:
        return held(connection, life)


def test_more_processes_than_the_pooler_has_connections_say_the_same_again_and_again(pooled_url: str) -> None:
    """Often enough that the driver would prepare it, and another client would find that on the connection."""
    clients, rounds = 2 * FEW, 12

    def client(number: int) -> None:
        with Store(pooled_url) as store:
            for turn in range(rounds):
                note(store, f"{number}-{turn}")
                assert f"{number}-{turn}" in noted(store)

    with ThreadPoolExecutor(clients) as threads:
        list(threads.map(client, range(clients)))
    with Store(pooled_url) as store:
        assert len(noted(store)) == clients * rounds


AT_WORK = """
import sys, time
from pedigreed.store.database import Store
from pedigreed.store.live_processes import Life
with Store(sys.argv[1]) as store, store.alive(Life.RUN, 7), store.alive(Life.SENDING, 8):
    print("at work", flush=True)
    time.sleep(600)
"""


@pytest.mark.failure("a connection pooler stands before the PostgreSQL server")
def test_what_a_process_is_at_is_known_until_it_is_killed(pooled_url: str, migrated_url: str) -> None:
    with subprocess.Popen([sys.executable, "-c", AT_WORK, pooled_url], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"at work\n"
        with Store(pooled_url) as other:
            for number in range(2 * FEW):
                note(other, str(number))
                assert at_work(pooled_url) == {7}
                assert at_work(migrated_url, Life.SENDING) == {8}
        process.kill()
    deadline = time.monotonic() + 30
    while at_work(pooled_url) or at_work(pooled_url, Life.SENDING):
        assert time.monotonic() < deadline


def test_what_a_process_is_at_takes_one_connection_and_holds_up_no_vacuum(
    pooled_url: str, migrated_url: str
) -> None:
    with Store(pooled_url) as store, store.alive(Life.RUN, 7), store.alive(Life.SENDING, 8):
        note(store, "a")
        with Store(migrated_url) as direct, direct.reading() as connection:
            open_ones = connection.exec_driver_sql(
                "SELECT backend_xid, backend_xmin FROM pg_stat_activity "
                "WHERE datname = current_database() AND state = 'idle in transaction' AND pid <> pg_backend_pid()"
            ).all()
    assert open_ones == [(None, None)]


def test_what_is_at_its_end_is_let_go_and_nothing_else(pooled_url: str) -> None:
    with Store(pooled_url) as store:
        with store.alive(Life.RUN, 7):
            with store.alive(Life.SENDING, 8):
                pass
            assert at_work(pooled_url) == {7}
        assert at_work(pooled_url) == frozenset()
        assert at_work(pooled_url, Life.SENDING) == frozenset()
        with store.alive(Life.RUN, 9):
            assert at_work(pooled_url) == {9}


def test_what_the_pooler_does_not_take_is_no_reason_to_try_again(pooled_url: str) -> None:
    with pytest.raises(StoreError, match="unsupported startup parameter"):
        Store(f"{pooled_url}?options=-csearch_path%3Down")
