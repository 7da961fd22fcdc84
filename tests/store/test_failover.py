"""A store on a PostgreSQL server that fails over to its standby, and what becomes of the old one."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from commands import pedigreed
from notes import NOON, note, noted
from pedigreed.model.delivery import DeliveryState, Message, Sent
from pedigreed.model.failure import TryAgain
from pedigreed.model.work import Run, Work
from pedigreed.service.one_run import one_run, take_up_lost
from pedigreed.service.outbox import deliver
from pedigreed.store import deliveries, runs
from pedigreed.store.database import Store
from postgresql_servers import leader_and_standby, one_server

if TYPE_CHECKING:
    from pathlib import Path

    from postgresql_servers import Server

CONFIGURATION = """
store: {store}
sources: {{mast: {{url: "http://127.0.0.1:1"}}, crds: {{url: none}}}}
channels: {{keep: {{folder: {{path: "{folder}/kept"}}}}}}
subscriptions: [{{name: jades, watch: {{programs: [1180]}}, deliver: [{{channel: keep}}]}}]
"""


def opened_in_the_end(url: str) -> Store:
    """The store on a standby, once that has the tables too."""
    deadline = time.monotonic() + 60
    while True:
        with suppress(TryAgain):
            return Store(url)
        assert time.monotonic() < deadline
        time.sleep(0.2)


def note_in_the_end(store: Store, name: str) -> None:
    """What an operation that is tried again comes to."""
    deadline = time.monotonic() + 60
    while True:
        with suppress(TryAgain):
            note(store, name)
            return
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.mark.process
@pytest.mark.failure("the PostgreSQL server fails over")
def test_a_store_follows_to_the_server_that_takes_changes(tmp_path: Path) -> None:
    with leader_and_standby() as (first, second, address):
        url = f"postgresql://postgres@127.0.0.1:{address.port}/postgres"
        with Store(url) as store:
            note(store, "a")
            on_standby = f"postgresql://postgres@127.0.0.1:{second.port}/postgres?target_session_attrs=any"
            with opened_in_the_end(on_standby) as standby:
                while noted(standby) != {"a"}:
                    time.sleep(0.1)
                with pytest.raises(TryAgain, match="it is a standby"):
                    note(standby, "lost")
            first.stop()
            second.promote()
            address.lead_to(second)
            note_in_the_end(store, "b")
            first.follow(second)
            first.start()
            address.lead_to(first)
            for _ in range(2):
                with pytest.raises(TryAgain, match="it is a standby"):
                    note(store, "lost")
            configuration = tmp_path / "pedigreed.yaml"
            configuration.write_text(CONFIGURATION.format(store=url, folder=tmp_path), encoding="utf-8")
            ended = pedigreed("once", "--config", configuration)
            assert ended.code == 75, ended.err
            assert "it is a standby" in ended.err
            address.lead_to(second)
            note(store, "c")
            assert noted(store) == {"a", "b", "c"}


def last(store: Store) -> Run:
    with store.reading() as connection:
        (run,) = runs.newest(connection, Work.ASK)
    return run


@pytest.mark.process
@pytest.mark.failure("the PostgreSQL server is restarted")
def test_who_lives_when_the_server_is_restarted_is_not_taken_for_gone() -> None:
    with one_server() as server:
        url = f"postgresql://postgres@127.0.0.1:{server.port}/postgres"
        with Store(url) as store, Store(url) as other:
            with one_run(store, Work.ASK, NOON) as end:
                server.stop()
                server.start()
                take_up_lost(other, NOON)
                assert last(other).ended_at is None
                assert end is not None
                end(problems=[], beside={})
            assert last(other).problem is None


class Restarting:
    """A channel that takes everything. While it takes the first, the store's server goes, and is back soon."""

    def __init__(self, server: Server) -> None:
        self.taken: list[str] = []
        self._server = server
        self._back = threading.Timer(1.5, server.start)

    async def send(self, message: Message) -> Sent:
        if not self.taken:
            self._server.stop()
            self._back.start()
        self.taken.append(message.message_id)
        return Sent("ok")

    async def close(self) -> None:
        self._back.join()


@pytest.mark.process
@pytest.mark.failure("the PostgreSQL server is restarted")
def test_what_is_sent_while_the_server_is_restarted_is_kept_and_sent_once() -> None:
    with one_server() as server, Store(f"postgresql://postgres@127.0.0.1:{server.port}/postgres") as store:
        names = ["1", "2", "3"]
        with store.writing() as connection:
            messages = [Message(name, "keep", "", "", "news", b"bytes") for name in names]
            deliveries.enqueue(connection, None, messages, NOON)
        channel = Restarting(server)
        deliver(store, {"keep": channel}, NOON)
        assert channel.taken == names
        with store.reading() as connection:
            assert deliveries.counts(connection) == {DeliveryState.SENT: 3}
