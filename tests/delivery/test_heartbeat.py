"""The sign of life against a real web server."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from pedigreed.delivery.heartbeat import beat
from pedigreed.model.failure import ConfigurationInvalid

if TYPE_CHECKING:
    from collections.abc import Callable

PATH = "/ping/5cf2d1f0-hunter2hunter2"


async def _asked(answer: bytes, within: float = 10.0) -> tuple[str | None, list[bytes]]:
    """What came of one heartbeat, and the requests that the server got."""
    requests: list[bytes] = []
    talks: list[asyncio.Task[None] | None] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.append(asyncio.current_task())
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        if answer:
            writer.write(answer)
        else:
            await reader.read()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        trouble = await beat(lambda: f"http://127.0.0.1:{port}{PATH}", within=within)
        await asyncio.gather(*(talk for talk in talks if talk is not None))
    return trouble, requests


def asked(answer: bytes, within: float = 10.0) -> tuple[str | None, list[bytes]]:
    return asyncio.run(_asked(answer, within))


def test_a_monitor_is_asked_once_by_get() -> None:
    trouble, (request,) = asked(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK")
    assert trouble is None
    assert request.startswith(f"GET {PATH} HTTP/1.1\r\n".encode())
    assert b"User-Agent: pedigreed/" in request


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "answered 404"),
        (
            b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere.invalid/\r\nContent-Length: 0\r\n\r\n",
            "answered 302",
        ),
        (b"garbage\r\n\r\n", "the answer is no HTTP"),
        (b"", "no whole answer within 1 s"),
    ],
)
def test_a_monitor_that_does_not_take_it_is_told_without_its_address(
    answer: bytes, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    # One that is silent is waited for to the end; where a machine is slow, the others may take longer.
    with caplog.at_level(logging.DEBUG):
        trouble, requests = asked(answer, within=10.0 if answer else 1.0)
    assert trouble is not None
    assert said in trouble
    assert "http://127.0.0.1:" in trouble
    assert "hunter2" not in trouble + caplog.text
    assert len(requests) == 1


def _not_there() -> str:
    raise ConfigurationInvalid("the credential 'heartbeat_url' is not there: add it")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (lambda: f"http://127.0.0.1:1{PATH}", "connection refused"),
        (lambda: f"no address {PATH}", "no web address"),
        (_not_there, "is not there: add it"),
    ],
)
def test_a_monitor_that_can_not_be_reached_is_told_too(address: Callable[[], str], said: str) -> None:
    trouble = asyncio.run(beat(address))
    assert trouble is not None
    assert said in trouble
    assert "hunter2" not in trouble
