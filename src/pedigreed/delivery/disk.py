"""What the channels that write to disk have in common."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from pedigreed.delivery.line import one_line
from pedigreed.delivery.private_files import trouble
from pedigreed.model.delivery import Outcome, Retry, Scope, Sent

if TYPE_CHECKING:
    from pathlib import Path

    from pedigreed.model.delivery import Message


class DiskChannel(ABC):
    """Writes messages below a path, off the event loop. A disk that fails, fails for every message."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def send(self, message: Message) -> Outcome:
        try:
            return await asyncio.to_thread(self._deliver, message)
        except OSError as error:
            return Retry(one_line(trouble(error)), scope=Scope.CHANNEL_BUSY)

    async def close(self) -> None:  # noqa: B027  # nothing is held between messages, whatever is written
        """Nothing is held between messages."""

    @abstractmethod
    def _deliver(self, message: Message) -> Sent:
        """Write one message. Raises `OSError`."""
