"""What the processes that share a store on PostgreSQL are at, by locks of the server's that each holds meanwhile.

The locks are of a transaction that is open for as long, and not of a session: behind a connection pooler one of
the server's connections is a client's own for a transaction alone. It has no snapshot and writes nothing, so no
vacuum waits for it. The server ends it when the process ends, however that is, and soon after its machine is gone.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from enum import StrEnum
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from pedigreed.model.failure import PedigreedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy.engine import Connection, Engine


class Life(StrEnum):
    """What a process is at. The set is closed."""

    RUN = "pedigreed run of "
    """A run of work, by its number."""
    SENDING = "pedigreed sending of "
    """The sending of messages, by the number that they were taken with."""


BEAT = 1.0
"""Seconds after which a process looks whether its locks are still held."""

SURE_AFTER = 6.0
"""Seconds in which a process that lives takes its locks anew, where the server was restarted."""

# Two stores in one database have schemas of their own.
_HOLD = text("SELECT pg_advisory_xact_lock(hashtext(:life || current_schema()), :number)")
_HELD = text(
    "SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND granted "
    "AND classid = hashtext(:life || current_schema())::oid "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
_LONG = (
    # Half a minute until the server notices that a machine is gone which can't say so.
    "SET LOCAL tcp_keepalives_idle = 10; SET LOCAL tcp_keepalives_interval = 5; "
    "SET LOCAL tcp_keepalives_count = 4; SET LOCAL idle_in_transaction_session_timeout = 0"
)


class Lives:
    """What this process is at. One transaction has all of its locks, and ends with the last of what it is at."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lives: list[tuple[Life, int]] = []
        self._connection: Connection | None = None
        self._guard = Lock()
        self._beating: tuple[Thread, Event] | None = None

    @contextmanager
    def hold(self, life: Life, number: int) -> Iterator[None]:
        """Let other processes know of it, until the context ends. What is unfinished then is nobody's until later.

        Raises as a transaction of the store does.
        """
        with self._guard:
            self._begin(life, number)
        try:
            yield
        finally:
            with self._guard:
                ended = self._end(life, number)
            if ended is not None:
                ended.join()

    def _begin(self, life: Life, number: int) -> None:
        self._lives.append((life, number))
        try:
            self._take([(life, number)])
        except BaseException:
            self._end(life, number)
            raise
        if self._beating is None:
            is_over = Event()
            beating = Thread(target=self._beat, args=(is_over,), daemon=True)
            self._beating = beating, is_over
            beating.start()

    def _end(self, life: Life, number: int) -> Thread | None:
        """Gives the thread that ends with the last."""
        self._lives.remove((life, number))
        if self._lives:
            return None
        self._let_go()
        beating, self._beating = self._beating, None
        if beating is None:
            return None
        thread, is_over = beating
        is_over.set()
        return thread

    def _beat(self, is_over: Event) -> None:
        """Look again and again whether the locks are held, and take them anew where their connection ended."""
        while not is_over.wait(BEAT):
            with self._guard, suppress(PedigreedError, SQLAlchemyError):
                if not is_over.is_set():
                    self._take([])

    def _take(self, more: Sequence[tuple[Life, int]]) -> None:
        """Take more locks in the transaction, or all of them in another one where that ended."""
        if self._connection is not None:
            try:
                _lock(self._connection, more)
            except (PedigreedError, SQLAlchemyError):
                self._let_go()
            else:
                return
        self._connection = self._engine.connect()
        try:
            self._connection.begin()
            _lock(self._connection, self._lives)
        except BaseException:
            self._let_go()
            raise

    def _let_go(self) -> None:
        """End the transaction, and the locks with it."""
        connection, self._connection = self._connection, None
        if connection is not None:
            # Without a word to the server, which may be gone.
            connection.invalidate()
            connection.close()


def _lock(connection: Connection, lives: Iterable[tuple[Life, int]]) -> None:
    for life, number in lives:
        connection.execute(_HOLD, {"life": life.value, "number": number})
    # The last word: it needs no snapshot, and the one of a SELECT is kept until something else is said.
    connection.exec_driver_sql(_LONG)


def held(connection: Connection, life: Life) -> frozenset[int]:
    """The numbers that processes hold which live."""
    return frozenset(connection.execute(_HELD, {"life": life.value}).scalars())
