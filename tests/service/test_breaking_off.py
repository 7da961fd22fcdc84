"""A lane whose store fails while a message is on its way."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from pedigreed.model.delivery import Message, Outcome, Sent
from pedigreed.model.failure import TryAgain
from pedigreed.service.delivering import deliver
from pedigreed.store import deliveries as stored_deliveries
from pedigreed.store.database import Store

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Stubborn:
    """Locks the store with its second message, and takes a cancellation for the end of its own wait."""

    def __init__(self, other: sqlite3.Connection) -> None:
        self.handed = 0
        self.is_open = True
        self._other = other

    async def send(self, message: Message) -> Outcome:
        del message
        self.handed += 1
        if self.handed == 2:
            self._other.execute("BEGIN IMMEDIATE")
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(600)
        return Sent()

    async def close(self) -> None:
        self.is_open = False


class CalledOff:
    """Waits for something of its own that is cancelled."""

    async def send(self, message: Message) -> Outcome:
        del message
        own = asyncio.create_task(asyncio.sleep(600))
        own.cancel()
        await own
        raise AssertionError

    async def close(self) -> None:
        """Nothing is open."""


@pytest.mark.failure("pedigreed itself fails with one message")
def test_a_channel_whose_own_work_is_cancelled_stops_no_other_message(tmp_path: Path) -> None:
    with Store(f"sqlite:///{tmp_path}/pedigreed.db") as store:
        messages = [Message(f"{number}", "keep", "", "", "news", b"bytes") for number in range(3)]
        with store.writing() as connection:
            stored_deliveries.enqueue(connection, None, messages, NOON)
        tried = asyncio.run(asyncio.wait_for(deliver(store, {"keep": CalledOff()}, NOON), 60))
    assert [each.unsure for each in tried] == [1, 1, 1]


@pytest.mark.failure("the disk is full")
def test_a_store_that_fails_ends_the_sending_though_a_library_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "pedigreed.db"
    with Store(f"sqlite:///{path}", busy_seconds=0.05) as store:
        names = [f"{number}@obs.example" for number in range(5)]
        messages = [Message(name, "keep", name, "s@x.example", "news", b"bytes") for name in names]
        with store.writing() as connection:
            stored_deliveries.enqueue(connection, None, messages, NOON)
        with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
            channel = Stubborn(other)
            with pytest.raises(TryAgain, match="in use by another process"):
                asyncio.run(asyncio.wait_for(deliver(store, {"keep": channel}, NOON), 60))
    assert channel.handed == 2, "nothing more is sent"
    assert not channel.is_open
