"""Many connections at once: those that are too many are refused, and none that only waits stays."""

from __future__ import annotations

import resource
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest
from structlog.testing import capture_logs

from background import in_background, wait_until
from pedigreed.web import connections
from pedigreed.web.connections import MOST, most_connections
from served_pages import served_pages
from watcher import DAY_0, Watcher

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def url(watcher: Watcher) -> Iterator[str]:
    with in_background(served_pages(watcher.store, watcher.config, DAY_0)) as address:
        yield address


def connect(stack: ExitStack, url: str) -> socket.socket:
    parts = urlsplit(url)
    made = stack.enter_context(socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10))
    made.settimeout(10)
    return made


def is_refused(connection: socket.socket) -> bool:
    """Whether the server closed it. One that stays open has nothing to read."""
    connection.setblocking(False)
    try:
        said = connection.recv(1000)
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True
    return said == b"" or said.startswith(b"HTTP/1.1 503 ")


def status(url: str) -> int:
    try:
        return httpx.get(f"{url}/healthz", trust_env=False, verify=False).status_code
    except httpx.TransportError:
        return 0


def test_one_connection_too_many_is_refused_and_there_is_room_again_when_others_end(url: str) -> None:
    with capture_logs() as logs, ExitStack() as others:
        opened = [connect(others, url) for _ in range(MOST + 40)]
        wait_until(lambda: sum(map(is_refused, opened)) >= 40)
        assert sum(map(is_refused, opened)) == 40
        assert status(url) in {0, 503}
        others.close()
        wait_until(lambda: status(url) == 200)
    refusals = [line for line in logs if line["event"] == "http: connection refused"]
    assert [(line["most"], line["times"]) for line in refusals] == [(MOST, 1)], "one line a minute"


def test_who_connects_and_does_not_ask_is_let_go(watcher: Watcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections.Connections.__init__, "__kwdefaults__", {"first_request": 0.3, "longest": 1.0})
    with in_background(served_pages(watcher.store, watcher.config, DAY_0)) as url, ExitStack() as stack:
        silent, slow, asking = (connect(stack, url) for _ in range(3))
        slow.sendall(b"GET /healthz HTTP/1.1\r\nHost: ")
        asking.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert asking.recv(1000).startswith(b"HTTP/1.1 200 ")
        wait_until(lambda: is_refused(silent) and is_refused(slow))
        assert not is_refused(asking)
        wait_until(lambda: is_refused(asking))


@pytest.mark.parametrize(("descriptors", "most"), [(1024, 64), (128, 32), (2, 1), (resource.RLIM_INFINITY, 64)])
def test_descriptors_are_kept_for_the_work(descriptors: int, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (descriptors, descriptors))
    assert most_connections() == most
