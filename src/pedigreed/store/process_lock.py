"""The locks by which processes that share a store know of each other.

On a file of SQLite's, one process at a time is at work. On PostgreSQL a process holds a lock of the server's for
as long as it lives. It is of a session, so the server lets it go when the process ends, however that is, and soon
after its machine or the network is gone.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import text

from pedigreed.model.failure import StoreError, TryAgain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy.engine import Connection


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


class Life(StrEnum):
    """What a process is at. The set is closed."""

    RUN = "pedigreed run of "
    """A run of work, by its number."""
    SENDING = "pedigreed sending of "
    """The sending of messages, by the number that they were taken with."""


# Two stores in one database have schemas of their own.
_HOLD = text("SELECT pg_advisory_lock(hashtext(:life || current_schema()), :number)")
_HELD = text(
    "SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND granted "
    "AND classid = hashtext(:life || current_schema())::oid "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
_NOTICED_WITHIN = "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 4"
"""Half a minute until the server notices that a machine is gone which can't say so."""


def hold(connection: Connection, life: Life, number: int) -> None:
    """Let other processes know of this one for as long as the connection lasts."""
    connection.exec_driver_sql(_NOTICED_WITHIN)
    connection.execute(_HOLD, {"life": life.value, "number": number})


def held(connection: Connection, life: Life) -> frozenset[int]:
    """The numbers that processes hold which live. Only on PostgreSQL."""
    return frozenset(connection.execute(_HELD, {"life": life.value}).scalars())
