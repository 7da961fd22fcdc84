"""Reading the store beside the daemon's own work: in a thread, and not for long."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from pedigreed.model.failure import TryAgain

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.engine import Connection

    from pedigreed.store.database import Store

Found = TypeVar("Found")

THREADS = 2
"""A store that hangs holds so many of them and no more. Whoever comes then waits, and is told in time."""


class Reader:
    """Reads an open store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._threads = ThreadPoolExecutor(THREADS, "http")

    async def read(self, work: Callable[[Connection], Found], seconds: float) -> Found:
        """Do something in a transaction that changes nothing.

        Raises:
            TryAgain: it was not done within so many seconds.
            PedigreedError: as `Store`.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(seconds):
                return await loop.run_in_executor(self._threads, self._in_transaction, work)
        except TimeoutError:
            raise TryAgain(f"the store did not answer within {seconds:g} s") from None

    def close(self) -> None:
        """Begin nothing any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _in_transaction(self, work: Callable[[Connection], Found]) -> Found:
        with self.store.reading() as connection:
            return work(connection)
