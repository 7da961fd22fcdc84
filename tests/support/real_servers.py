"""Real servers as children of the tests, and what to do where one that a test needs is not there."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

STARTING_SECONDS = 30.0
STOPPING_SECONDS = 20.0


def missing(server: str) -> NoReturn:
    """Skip a test that needs a real server, or fail it where servers are required."""
    if os.environ.get("PEDIGREED_REQUIRE_SERVERS"):
        pytest.fail(f"{server} is required, and is not there")
    pytest.skip(f"{server} is not there")


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as closing:
        port: int = closing.getsockname()[1]
    return port


@contextmanager
def real_server(command: Sequence[str], log: Path, port: int, greeting: bytes) -> Iterator[None]:
    """Run a server from its first greeting until the end, when all that it started ends too.

    One that waits for its client to speak has an empty greeting. Fails with the server's log if it does not greet.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        deadline = time.monotonic() + STARTING_SECONDS
        while not _greets(port, greeting):
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"{command[0]} did not start:\n{log.read_text(errors='replace')}")
            time.sleep(0.02)
        yield
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOPPING_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _greets(port: int, words: bytes) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        return not words or connection.recv(1024).startswith(words)
    return False
