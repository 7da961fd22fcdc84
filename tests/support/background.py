"""A server that answers while the test waits for a process."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator
    from contextlib import AbstractAsyncContextManager
    from typing import Any

Server = TypeVar("Server")
Result = TypeVar("Result")


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
