"""The lock of a file of SQLite's, on which one process at a time is at work."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pedigreed.model.failure import StoreError, TryAgain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class AtWork:
    """What a process that is at work on a store may count on.

    Attributes:
        is_alone: whether no other process can be at work on it.
        lock: the descriptor of the lock, for the processes that it starts; None where there is none.
    """

    is_alone: bool
    lock: int | None = None


@contextmanager
def only_process(store: str, lock: Path, caution: str | None = None) -> Iterator[int]:
    """Hold the lock, and give its descriptor. The system lets it go when the process ends, however it ends.

    A process that inherits the descriptor holds the lock too.

    Args:
        store: the store's name, for messages.
        lock: a file beside it.
        caution: what to think of where it is, for messages.

    Raises:
        TryAgain: another process holds it, or it can't be locked where `caution` may be why.
        StoreError: the file can't be made, or its file system has no locks.
    """
    try:
        descriptor = os.open(lock, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(f"{lock} can't be made: {error.strerror}") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TryAgain(
                f"another pedigreed{_process(descriptor)} is at work on {store}: let it end, "
                "or share the work of several by a store on PostgreSQL"
            ) from None
        except OSError as error:
            said = f"{lock} can't be locked: {error.strerror}"
            # A server of files that is away may come back.
            raise (TryAgain(f"{said}. {caution}") if caution else StoreError(said)) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def _process(descriptor: int) -> str:
    said = os.pread(descriptor, 20, 0).strip()
    return f" (process {said.decode('ascii')})" if said.isdigit() else ""
