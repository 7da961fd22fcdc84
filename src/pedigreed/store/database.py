"""Opening the store: the engine, its transactions, and what can be wrong with a file.

SQLite runs in WAL mode with ``synchronous=FULL``: a commit that was reported survives a power loss.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from pedigreed.model.failure import PedigreedError, StoreCorrupt, StoreError, TryAgain
from pedigreed.store import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Self

    from sqlalchemy.engine import Connection
    from sqlalchemy.engine.interfaces import ExceptionContext

_BUSY_SECONDS = 30
_CHECKED_BYTES = 256 << 20
_WRITING = "pedigreed_writes"


class Store:
    """An open store. Use as a context manager; `reading` and `writing` give transactions.

    Raises, here and in every transaction:
        StoreError: it can't be opened. `StoreTooNew` and `StoreCorrupt` say so.
        TryAgain: it is locked by another process, or the disk is full.
    """

    def __init__(self, url: str) -> None:
        try:
            parsed = make_url(url)
            self.is_sqlite = parsed.get_backend_name() == "sqlite"
            self._path = Path(parsed.database) if self.is_sqlite and parsed.database else None
            self.name = str(self._path) if self._path else parsed.render_as_string(hide_password=True)
            if self._path is not None:
                _make_private(self._path)
            options: dict[str, Any] = {"connect_args": {"timeout": _BUSY_SECONDS}} if self.is_sqlite else {}
            self._engine = create_engine(parsed, pool_pre_ping=not self.is_sqlite, **options)
        except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
            raise StoreError(f"the store can't be opened: {error}") from error
        event.listen(self._engine, "handle_error", self._translate)
        if self.is_sqlite:
            event.listen(self._engine, "connect", _set_up_sqlite)
            event.listen(self._engine, "begin", _begin_sqlite)
        try:
            self._check()
            migrate.to_newest(self._engine, self.name)
        except BaseException:
            self._engine.dispose()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state and changes nothing."""
        with self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that commits as a whole or not at all. On SQLite it is the only writer from its start."""
        with self._engine.connect().execution_options(**{_WRITING: True}) as connection, connection.begin():
            yield connection

    def size(self) -> int:
        """Bytes on disk; 0 for a store that is not a file."""
        return self._path.stat().st_size if self._path else 0

    def _check(self) -> None:
        """Refuse a damaged file before anything is written to it. A large one is checked as it is read."""
        with self.reading() as connection:
            if self.is_sqlite and self.size() <= _CHECKED_BYTES:
                verdict = connection.execute(text("PRAGMA quick_check(1)")).scalar()
                if verdict != "ok":
                    raise self._corrupt()

    def _translate(self, context: ExceptionContext) -> None:
        failure = self._failure(context.original_exception)
        if failure is not None:
            raise failure from context.original_exception

    def _failure(self, error: BaseException | None) -> PedigreedError | None:
        said = str(error).lower()
        if "malformed" in said or "not a database" in said or "disk image" in said:
            return self._corrupt()
        if "locked" in said:
            return TryAgain(f"{self.name} is in use by another process for more than {_BUSY_SECONDS} s")
        if "disk is full" in said or "no space left" in said:
            return TryAgain(f"{self.name}: the disk is full. Nothing was lost; free some space")
        if "readonly" in said or "unable to open" in said or "permission denied" in said:
            return StoreError(f"{self.name} can't be opened for writing: {error}")
        if "connection" in said and not self.is_sqlite:
            return TryAgain(f"{self.name} does not answer: {str(error).splitlines()[0]}")
        return None

    def _corrupt(self) -> StoreCorrupt:
        return StoreCorrupt(
            f"{self.name} is damaged, and is left as it is. What can be read of it is recovered with\n"
            f"    sqlite3 {self.name} .recover | sqlite3 recovered.db\n"
            f"    mv {self.name} {self.name}.damaged && mv recovered.db {self.name}\n"
            "or move it away: a new store then starts with a baseline, and tells nothing twice."
        )


def _make_private(path: Path) -> None:
    """Make a new file 0600 and its new folders 0700 before SQLite would make them wider."""
    try:
        for folder in reversed(path.parent.parents):
            folder.mkdir(exist_ok=True)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StoreError(f"{path} can't be opened for writing: {error.strerror}") from error


def _set_up_sqlite(connection: Any, _: object) -> None:  # noqa: ANN401  # the driver's own connection
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITING, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
