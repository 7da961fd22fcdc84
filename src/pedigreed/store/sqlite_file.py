"""A store in one SQLite file.

It runs in WAL mode with ``synchronous=FULL``: a commit that was reported survives a power loss.
"""

from __future__ import annotations

import os
import shlex
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from sqlalchemy import URL, create_engine, event, text
from sqlalchemy.pool import NullPool
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random

from pedigreed.model.failure import PedigreedError, StoreCorrupt, StoreError, TryAgain
from pedigreed.store import migrate
from pedigreed.store.network_disk import network_file_system
from pedigreed.store.process_lock import AtWork, only_process

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from sqlalchemy.engine import Connection, Engine
    from sqlalchemy.engine.interfaces import ExceptionContext

_CHECKED_BYTES = 256 << 20
_WRITES = "pedigreed_writes"
_PRIMARY_CODE = 0xFF
_LOCKING = (
    sqlite3.SQLITE_IOERR_LOCK,
    sqlite3.SQLITE_IOERR_UNLOCK,
    sqlite3.SQLITE_IOERR_RDLOCK,
    sqlite3.SQLITE_IOERR_CHECKRESERVEDLOCK,
    sqlite3.SQLITE_IOERR_SHMOPEN,
    sqlite3.SQLITE_IOERR_SHMSIZE,
    sqlite3.SQLITE_IOERR_SHMLOCK,
    sqlite3.SQLITE_IOERR_SHMMAP,
)
"""What fails where a file system does not lock, or does not share memory."""
_INCREMENTAL = 2
"""The mode in which SQLite notes which page belongs to which other, so that a file can shrink in steps."""
_PAGES_A_STEP = 1_000
_LEAST_UNUSED = 2_000
_SHARE_UNUSED = 10
_ROOM_TO_REMAKE = 2
"""Times its size: what is written beside a file while it is made anew."""
_HELD_ALREADY = (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)


class SqliteFile:
    """Where the store is, and what can be wrong with it there.

    Attributes:
        name: the path.
    """

    reading_options: ClassVar[Mapping[str, Any]] = {_WRITES: False}
    writing_options: ClassVar[Mapping[str, Any]] = {_WRITES: True}

    def __init__(self, path: Path, busy_seconds: float) -> None:
        self.name = str(path)
        self._path = path
        self._busy_seconds = busy_seconds
        self._opened: tuple[int, int] | None = None

    def make_ready(self) -> None:
        """Make the file where there is none. Refuse one that can't be used before anything is written to it.

        A connection that may write can change a damaged file even by closing, so this one can't.
        """
        self._make_private()
        if self._path.stat().st_size > 0 and not self._beside("-journal").exists():
            self._examine()
        self._write_ahead()

    def engine(self) -> Engine:
        """Connections to the file, each of them in the mode that keeps the promise."""
        url = URL.create("sqlite", database=self.name)
        engine = create_engine(url, hide_parameters=True, connect_args={"timeout": self._busy_seconds})
        # What is looked at before it is opened may be an older file, never a newer one.
        event.listen(engine, "do_connect", self._remember)
        event.listen(engine, "connect", _set_up)
        event.listen(engine, "begin", self._begin)
        return engine

    def is_replaced(self) -> bool:
        """Whether the path leads to another file than the one that was opened last."""
        return self._opened != self._identity()

    def size(self) -> int:
        """Bytes on disk, with what is not yet written back into the file."""
        return sum(path.stat().st_size for path in (self._path, self._beside("-wal")) if path.exists())

    def shrink(self) -> bool:
        """Give some of the room back that no page is in any more. Gives whether there is more to give.

        A tenth of the file stays for what comes. An older version's file is made anew once, so that it can.
        """
        try:
            with closing(sqlite3.connect(self._path, timeout=self._busy_seconds)) as connection:
                _set_up(connection, None)
                return self._shrink(connection)
        except sqlite3.Error as error:
            if _is_busy(error):
                return False
            raise self.failure(error) or error from error

    def _shrink(self, connection: sqlite3.Connection) -> bool:
        pages, unused, mode = (
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "auto_vacuum")
        )
        if unused < max(_LEAST_UNUSED, pages // _SHARE_UNUSED):
            return False
        if mode == _INCREMENTAL:
            # A row of the result for each page: without reading them, one is moved.
            connection.execute(f"PRAGMA incremental_vacuum({_PAGES_A_STEP})").fetchall()
            return True
        if (self.free() or 0) >= _ROOM_TO_REMAKE * self.size():
            connection.execute(f"PRAGMA auto_vacuum={_INCREMENTAL}")
            connection.execute("VACUUM")
        return False

    def free(self) -> int | None:
        """Bytes that the disk has left for it."""
        disk = os.statvfs(self._path)
        return disk.f_bavail * disk.f_frsize

    def want_room(self, size: int) -> None:
        """Raise where its disk has not so many bytes left."""
        if (self.free() or 0) < size:
            raise self._full()

    @contextmanager
    def at_work(self) -> Iterator[AtWork]:
        """Be the only process at work on it."""
        with only_process(self.name, self._beside("-lock"), self.caution()) as lock:
            yield AtWork(is_alone=True, lock=lock)

    def caution(self) -> str | None:
        """What to think of where it is; None where nothing is wrong with that."""
        network = network_file_system(self._path)
        return network and (
            f"{self.name} is on {network}, where SQLite's locks fail or do not hold: "
            "put it on a disk of this machine, or use PostgreSQL"
        )

    def is_useless(self, _error: BaseException | None) -> bool:
        """No: a file takes changes again as it is."""
        return False

    def failure(self, error: BaseException | None) -> PedigreedError | None:
        """What an error of SQLite means to the operator; None for one that no operator can help."""
        code = getattr(error, "sqlite_errorcode", 0)
        found: PedigreedError | None = None
        match code & _PRIMARY_CODE:
            case sqlite3.SQLITE_PROTOCOL:
                found = self._not_locked(error)
            case sqlite3.SQLITE_IOERR if code in _LOCKING and not self._has_no_room():
                found = self._not_locked(error)
            case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
                found = self._damaged()
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
                wait = f"{self._busy_seconds:g} s"
                busy = f"{self.name} has been in use by another process for more than {wait}"
                caution = self.caution()
                found = TryAgain(f"{busy}, or seems to be. {caution}" if caution else busy)
            case sqlite3.SQLITE_FULL:
                found = self._full()
            case sqlite3.SQLITE_IOERR:
                # So says SQLite of a full disk where it can't enlarge the file that its processes share.
                failed = StoreError(f"{self.name}: the disk fails: {error}")
                found = self._full() if self._has_no_room() else failed
            case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
                found = StoreError(f"{self.name} can't be opened for writing: {error}")
            case sqlite3.SQLITE_CONSTRAINT if code in _HELD_ALREADY:
                found = TryAgain(f"{self.name}: this was kept already: {error}")
        return found

    def _begin(self, connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES, False)
        # Handed to the driver itself: many a transaction has one statement, and SQLAlchemy's way is a long one.
        cursor = connection.connection.cursor()
        try:
            # What a connection of the pool was set to, it keeps.
            if connection.info.get(_WRITES) is not writes:
                cursor.execute(f"PRAGMA query_only={'OFF' if writes else 'ON'}")
                connection.info[_WRITES] = writes
            cursor.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
        except sqlite3.Error as error:
            raise self.failure(error) or error from error
        finally:
            cursor.close()

    def _remember(self, *_: object) -> None:
        self._opened = self._identity()

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _make_private(self) -> None:
        """Make a new file 0600 and its new folders 0700 before SQLite would make them wider."""
        try:
            for folder in (*reversed(self._path.parent.parents), self._path.parent):
                if not folder.exists():
                    folder.mkdir(mode=0o700, exist_ok=True)
            # Closing a file that is there would drop this process's locks on it, so that is never opened.
            if not self._path.exists():
                os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as error:
            raise StoreError(f"{self.name} can't be made: {error.strerror}") from error
        if not self._path.is_file():
            raise StoreError(f"{self.name} is no regular file: name another place for the store")

    def _examine(self) -> None:
        engine = create_engine("sqlite://", creator=self._connect_read_only, poolclass=NullPool)
        event.listen(engine, "handle_error", self._refuse)
        with engine.connect() as connection:
            if self._path.stat().st_size <= _CHECKED_BYTES:
                verdict = connection.execute(text("PRAGMA quick_check(1)")).scalar()
                if verdict != "ok":
                    raise self._damaged()
            migrate.revision_of(connection, self.name)

    def _write_ahead(self) -> None:
        """Turn WAL on. The file keeps it. While one process turns it on, SQLite lets no other wait for it."""
        patiently = Retrying(
            retry=retry_if_exception(_is_busy),
            wait=wait_random(0.001, 0.02),
            stop=stop_after_delay(self._busy_seconds),
            reraise=True,
        )
        try:
            patiently(self._turn_wal_on)
        except sqlite3.Error as error:
            raise self.failure(error) or error from error

    def _turn_wal_on(self) -> None:
        with closing(sqlite3.connect(self._path, timeout=0)) as connection:
            if self._path.stat().st_size == 0:
                connection.execute(f"PRAGMA auto_vacuum={_INCREMENTAL}")
            connection.execute("PRAGMA journal_mode=WAL")

    def _connect_read_only(self) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{quote(self.name)}?mode=ro", uri=True, timeout=self._busy_seconds)

    def _refuse(self, context: ExceptionContext) -> None:
        failure = self.failure(context.original_exception)
        if failure is not None:
            raise failure

    def _has_no_room(self) -> bool:
        return os.statvfs(self._path).f_bavail == 0

    def _not_locked(self, error: BaseException | None) -> PedigreedError:
        """A server of files that is away may come back; a file system without locks does not get them."""
        caution = self.caution()
        if caution:
            return TryAgain(f"{self.name} could not be locked: {error}. {caution}")
        return StoreError(f"{self.name} can't be locked where it is: {error}. Put it on a disk of this machine")

    def _full(self) -> TryAgain:
        return TryAgain(f"{self.name}: the disk is full. Nothing was lost; free some space")

    def _beside(self, ending: str) -> Path:
        return self._path.with_name(self._path.name + ending)

    def _damaged(self) -> StoreCorrupt:
        folder, file = shlex.quote(str(self._path.parent)), shlex.quote(self._path.name)
        # Debian's sqlite3 has no .recover. Its .dump reads up to the damage from both ends, then takes all back.
        return StoreCorrupt(
            f"{self.name} is damaged, and is left as it is. What can be read of it is recovered with\n"
            f"    cd {folder} && mkdir damaged && mv {file}* damaged/ && umask 077\n"
            f"    sqlite3 damaged/{file} .dump | sed 's/^ROLLBACK; -- due to errors$/COMMIT;/' | sqlite3 {file}\n"
            "Without the second line a new store starts with a baseline, and tells nothing twice."
        )


def _is_busy(error: BaseException) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE == sqlite3.SQLITE_BUSY


def _set_up(connection: sqlite3.Connection, _: object) -> None:
    connection.isolation_level = None
    for pragma in ("synchronous=FULL", "fullfsync=ON", "foreign_keys=ON", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}").close()
