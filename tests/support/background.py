"""A server that answers while the test waits for a process."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from contextlib import AbstractAsyncContextManager
    from typing import Any

Server = TypeVar("Server")
Result = TypeVar("Result")

PATIENCE = 180.0
"""Seconds after which something that never comes fails a test. Nothing is measured by it."""


@contextmanager
def in_background(server: AbstractAsyncContextManager[Server]) -> Iterator[Server]:
    """Run a server in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def wait(for_it: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(for_it, loop).result(60)

    async def begin() -> Server:
        return await server.__aenter__()

    async def end() -> None:
        await server.__aexit__(None, None, None)

    try:
        running = wait(begin())
        try:
            yield running
        finally:
            wait(end())
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def wait_until(condition: Callable[[], object]) -> None:
    """Wait until something has happened. It fails the test if it never does."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.005)
