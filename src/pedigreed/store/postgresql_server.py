"""A store in a PostgreSQL database, for more than one machine."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

import psycopg
from sqlalchemy import URL, create_engine, event

from pedigreed.model.failure import PedigreedError, StoreError, TryAgain
from pedigreed.store.process_lock import AtWork

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy.engine import Connection, Engine

_CONNECT_SECONDS = 10
_RECYCLE_SECONDS = 300
_WRITES = "pedigreed_writes"

_TRY_AGAIN = ("08", "40", "53", "55P03", "57P", "58")
"""SQLSTATEs, or their first characters: lost connection, conflict of transactions, no room, lock not had, server
going down, trouble of its system."""

_READ_ONLY = "25006"
_NOT_THERE = frozenset({"0A000", "55000"})
_STANDBY = re.compile(r"recovery|hot standby|read-only|standby")
"""How a server says that it is a standby: of a transaction, a feature, or a session (`target_session_attrs`)."""

_UNIQUE_VIOLATION = "23505"

_REFUSED = re.compile(
    r"authentication failed|no password supplied|pg_hba|does not exist|permission denied|invalid [a-z_]+ value"
    # As PgBouncer says it.
    r"|no such (?:database|user)|unsupported startup parameter"
)
"""What is said, without an SQLSTATE, of a connection that will not be had the next time either."""


class PostgresqlServer:
    """Where the store is, and what can be wrong with it there.

    Attributes:
        name: the URL without its password and its options.
    """

    reading_options: ClassVar[Mapping[str, Any]] = {
        "isolation_level": "REPEATABLE READ",
        "postgresql_readonly": True,
    }
    writing_options: ClassVar[Mapping[str, Any]] = {"isolation_level": "READ COMMITTED", _WRITES: True}

    def __init__(self, url: URL, busy_seconds: float) -> None:
        self._url = url.set(drivername="postgresql+psycopg")
        self._busy_seconds = busy_seconds
        self.name = str(URL.create("postgresql", url.username, None, url.host, url.port, url.database))

    def make_ready(self) -> None:
        """A database is made by the server's operator."""

    def engine(self) -> Engine:
        """Connections to the server."""
        usual = {"connect_timeout": _CONNECT_SECONDS, "target_session_attrs": "read-write"}
        engine = create_engine(
            self._url,
            hide_parameters=True,
            pool_pre_ping=True,
            # An address may lead to another server after a while.
            pool_recycle=_RECYCLE_SECONDS,
            connect_args={name: value for name, value in usual.items() if name not in self._url.query},
        )
        event.listen(engine, "connect", _prepare_nothing_behind_a_pooler)
        event.listen(engine, "begin", self._begin)
        return engine

    def is_replaced(self) -> bool:
        """No: a server that begins anew ends its connections, and that is noticed."""
        return False

    def size(self) -> int:
        """0: it is not a file of this machine."""
        return 0

    def shrink(self) -> bool:
        """False: the server looks after its own files."""
        return False

    def free(self) -> int | None:
        """None: it is not a disk of this machine."""
        return None

    def caution(self) -> None:
        """None: where it keeps its files is its operator's to choose."""

    def want_room(self, size: int) -> None:
        """Its disk is its operator's to look after."""

    @contextmanager
    def at_work(self) -> Iterator[AtWork]:
        """Any number of processes share the work."""
        yield AtWork(is_alone=False)

    def is_useless(self, error: BaseException | None) -> bool:
        """Whether an error shows that the server became a standby, so that another one takes the changes."""
        state = error.sqlstate if isinstance(error, psycopg.Error) else None
        return state == _READ_ONLY or (state in _NOT_THERE and _STANDBY.search(str(error)) is not None)

    def failure(self, error: BaseException | None) -> PedigreedError | None:
        """What an error of the server means to the operator; None for one that no operator can help."""
        if not isinstance(error, psycopg.Error):
            return None
        said = str(error).partition("\n")[0]
        if error.sqlstate is None:
            return self._connection_failure(error, said)
        if error.sqlstate == _UNIQUE_VIOLATION:
            return TryAgain(f"{self.name}: this was kept already: {said}")
        if self.is_useless(error):
            said = f"it is a standby, which takes no changes: {said}"
        elif not error.sqlstate.startswith(_TRY_AGAIN):
            is_forbidden = isinstance(error, psycopg.errors.InsufficientPrivilege)
            return StoreError(f"{self.name} can't be opened for writing: {said}") if is_forbidden else None
        return TryAgain(f"{self.name}: {said}")

    def _connection_failure(self, error: psycopg.Error, said: str) -> PedigreedError | None:
        if _STANDBY.search(said) and not _REFUSED.search(said):
            return TryAgain(f"{self.name}: it is a standby, which takes no changes: {said}")
        if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError) and not _REFUSED.search(said):
            return TryAgain(f"{self.name} does not answer: {said}")
        if isinstance(error, psycopg.OperationalError | psycopg.ProgrammingError):
            return StoreError(f"{self.name} can't be opened: {said}")
        return None

    def _begin(self, connection: Connection) -> None:
        if connection.get_execution_options().get(_WRITES, False):
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {max(1, round(self._busy_seconds * 1000))}")


def _prepare_nothing_behind_a_pooler(connection: psycopg.Connection, _record: object) -> None:
    """A prepared statement stays with the server's connection, and the next transaction may be on another one.

    A pooler is known by the process that it says to be on the other side, which is not the server's.
    """
    connection.set_autocommit(True)
    found = connection.execute("SELECT pg_backend_pid()").fetchone()
    connection.set_autocommit(False)
    if found != (connection.info.backend_pid,):
        connection.prepare_threshold = None
