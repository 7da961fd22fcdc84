"""What the channels that write to disk have in common: private files that survive a power cut."""

from __future__ import annotations

import asyncio
import os
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from pedigreed.delivery.line import one_line
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
            return Retry(one_line(_in_words(error)), scope=Scope.CHANNEL_BUSY)

    async def close(self) -> None:  # noqa: B027  # nothing is held between messages, whatever is written
        """Nothing is held between messages."""

    @abstractmethod
    def _deliver(self, message: Message) -> Sent:
        """Write one message. Raises `OSError`."""


def make_folder(path: Path) -> None:
    """Make a folder of mode 0700, and those above it. One that is there keeps its mode. Raises `OSError`."""
    # Path.mkdir gives the mode to the last one alone.
    for folder in (*reversed(path.parents), path):
        if not folder.is_dir():
            folder.mkdir(mode=0o700, exist_ok=True)


def write_new_file(path: Path, content: bytes) -> None:
    """Write a file of mode 0600, down to the disk. Raises `OSError`, also where the file is there."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def keep_names(folder: Path) -> None:
    """Bring the names in a folder down to the disk. Raises `OSError`."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _in_words(error: OSError) -> str:
    """What went wrong with which path, in words."""
    where = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
    return f"{where}{error.strerror or error}"
