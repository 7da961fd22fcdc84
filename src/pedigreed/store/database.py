"""Opens the store, and gives its transactions; and the statements that both databases share."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import event, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.sql.compiler import SQLCompiler

from pedigreed.model.failure import StoreError
from pedigreed.store import migrate
from pedigreed.store.live_processes import Lives
from pedigreed.store.sqlite_file import SqliteFile

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from types import TracebackType
    from typing import Self

    from sqlalchemy import Column, Insert, Select, Table, Update
    from sqlalchemy.dialects import postgresql
    from sqlalchemy.engine import Connection, Engine
    from sqlalchemy.engine.interfaces import ExceptionContext

    from pedigreed.store.live_processes import Life
    from pedigreed.store.postgresql_server import PostgresqlServer
    from pedigreed.store.process_lock import AtWork

    Upsert = sqlite.Insert | postgresql.Insert


BUSY_SECONDS = 30.0
"""How long a transaction waits for another process before it gives up."""

_FORMS = "write sqlite:////PATH/pedigreed.db or postgresql://USER@HOST/DATABASE"


class Store:
    """An open store. Use as a context manager; `reading` and `writing` give transactions.

    Raises, here and in every transaction:
        StoreError: it can't be opened. `StoreTooNew` and `StoreCorrupt` say so.
        TryAgain: it is locked by another process, the disk is full, or the server does not answer.
    """

    def __init__(self, url: str, busy_seconds: float = BUSY_SECONDS) -> None:
        place = _place_of(url, busy_seconds)
        self.name = place.name
        self._place = place
        place.make_ready()
        self._engine = place.engine()
        self._reader = self._engine.execution_options(**place.reading_options)
        self._writer = self._engine.execution_options(**place.writing_options)
        self._lives = Lives(self._writer)
        event.listen(self._engine, "handle_error", self._translate)
        try:
            self._make_newest()
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

    def let_go_if_replaced(self) -> None:
        """Where another file took the place of the store's, let the next transaction open that one."""
        if self._place.is_replaced():
            self._engine.dispose()

    def reading(self) -> AbstractContextManager[Connection]:
        """A transaction that sees one state and changes nothing."""
        return self._transaction(self._reader)

    def writing(self) -> AbstractContextManager[Connection]:
        """A transaction that commits as a whole or not at all. On SQLite it is the only writer from its start."""
        return self._transaction(self._writer)

    @property
    def is_shared(self) -> bool:
        """Whether several processes may be at work on it, and know of each other."""
        return self._engine.dialect.name == "postgresql"

    @contextmanager
    def alive(self, life: Life, number: int) -> Iterator[None]:
        """Let the other processes that share the store know that this one is at something, until it ends."""
        if not self.is_shared:
            yield
            return
        with self._lives.hold(life, number):
            yield

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[Connection]:
        with engine.connect() as connection:
            try:
                with connection.begin():
                    yield connection
            except BaseException:
                # Rows that were not read to their end would hold this connection to the state that they are of,
                # for as long as the exception is kept. The next transaction has another one.
                connection.invalidate()
                raise

    def size(self) -> int:
        """Bytes on disk; 0 for a store that is not a file."""
        return self._place.size()

    def shrink(self) -> bool:
        """Give some of the room back that nothing is in any more. Gives whether there may be more.

        To be called again and again, so that it never takes long; only where there is much of it.
        """
        return self._place.shrink()

    def free(self) -> int | None:
        """Bytes that the store's disk has left; None for a store that is not a file."""
        return self._place.free()

    def caution(self) -> str | None:
        """What is to be said of where the store is, such as a network file system; None where all is well."""
        return self._place.caution()

    def want_room(self, size: int) -> None:
        """See that the store's disk has room for so many bytes.

        Raises:
            TryAgain: it has not.
        """
        self._place.want_room(size)

    @contextmanager
    def at_work(self) -> Iterator[AtWork]:
        """Be at work on the store.

        Raises:
            TryAgain: another process is, and this kind of store serves one at a time.
        """
        with self._place.at_work() as found:
            yield found

    def _make_newest(self) -> None:
        with self.reading() as connection:
            revision = migrate.revision_of(connection, self.name)
        if revision != migrate.NEWEST:
            with self.writing() as connection:
                # Several daemons may start at once.
                lock_for_transaction(connection, "migration")
                migrate.to_newest(connection)

    def _translate(self, context: ExceptionContext) -> None:
        if context.is_pre_ping:
            # A connection that died in the pool is made anew, unless it is reported here.
            return
        failure = self._place.failure(context.original_exception)
        if self._place.is_useless(context.original_exception):
            # Then so are the other connections, and all are made anew.
            context.is_disconnect = True
        if failure is not None:
            raise failure


def _place_of(url: str, busy_seconds: float) -> SqliteFile | PostgresqlServer:
    parsed = _parsed(url)
    # SQLAlchemy's and libpq's complaints would repeat parts of a password, so what can't be read is not shown.
    if parsed is None or "@" in (parsed.host or ""):
        raise StoreError(
            f"the store's URL can't be read: {_FORMS}. "
            "In a password, @ is spelt %40, : is %3A, / is %2F and % is %25"
        )
    match parsed.get_backend_name():
        case "sqlite" if parsed.database and not parsed.query:
            return SqliteFile(Path(parsed.database), busy_seconds)
        case "postgresql":
            return _server(parsed, busy_seconds)
        case _:
            raise StoreError(f"the store is an SQLite file or a PostgreSQL database: {_FORMS}")


def _parsed(url: str) -> URL | None:
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        return None


def _server(url: URL, busy_seconds: float) -> PostgresqlServer:
    try:
        # The driver is an optional extra.
        from pedigreed.store.postgresql_server import PostgresqlServer  # noqa: PLC0415
    except ImportError as error:
        raise StoreError(
            "a store on PostgreSQL needs a driver: install pedigreed[postgresql] in place of pedigreed"
        ) from error
    return PostgresqlServer(url, busy_seconds)


def insert_or_skip(connection: Connection, table: Table) -> Upsert:
    """An insertion that leaves a row as it is whose key is there, and waits for who is adding it."""
    return _insert(connection, table).on_conflict_do_nothing()


def insert_or_replace(connection: Connection, table: Table) -> Upsert:
    """An insertion that takes the place of a row with the same primary key."""
    statement = _insert(connection, table)
    key = set(table.primary_key.columns)
    news = {column.name: statement.excluded[column.name] for column in table.columns if column not in key}
    return statement.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=news)


def insert_or_add(connection: Connection, table: Table, amount: Column[int]) -> Upsert:
    """An insertion that adds to the amount of a row with the same primary key."""
    statement = _insert(connection, table)
    total = {amount.name: amount + statement.excluded[amount.name]}
    return statement.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=total)


def _insert(connection: Connection, table: Table) -> Upsert:
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    # Its dialect is loaded already where a server is, and takes memory where none is.
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415

    return postgresql.insert(table)


def own_rows(connection: Connection, query: Select[Any]) -> Iterator[Sequence[tuple[Any, ...]]]:
    """The database's own rows, in pieces, so that the garbage collector has few to look through.

    An instant is its milliseconds, and SQLite has 0 and 1 for no and yes.
    """
    with connection.execute(query) as found:
        cursor = found.cursor
        assert cursor is not None
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            yield rows


class Direct:
    """A statement that is run for many rows, handed to the driver as it is. It is made when it is first needed.

    To look up a statement, to put each row together by the names of its columns and to convert each value takes
    longer than to keep them. So the rows are tuples of what the database itself keeps: an instant is its
    milliseconds.
    """

    def __init__(self, names: Sequence[str], make: Callable[[Connection], Insert | Update]) -> None:
        """Describe it.

        Args:
            names: of the columns or parameters, in the order in which a row has their values.
            make: gives the statement for a connection's kind of database.
        """
        self._names = tuple(names)
        self._make = make
        self._on: dict[str, tuple[str, Callable[[Sequence[tuple[Any, ...]]], Sequence[Any]]]] = {}

    def run(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> int:
        """Run it for each row. Gives how many rows of the table it concerned."""
        if not rows:
            return 0
        kind = connection.dialect.name
        if kind not in self._on:
            compiled = self._make(connection).compile(dialect=connection.dialect, column_keys=list(self._names))
            assert isinstance(compiled, SQLCompiler)
            self._on[kind] = compiled.string, self._arranged(compiled.positiontup)
        statement, arranged = self._on[kind]
        in_form = arranged(rows)
        # Of one row the driver's plain way takes half as long.
        return connection.exec_driver_sql(statement, in_form if len(in_form) > 1 else in_form[0]).rowcount

    def _arranged(self, order: Sequence[str] | None) -> Callable[[Sequence[tuple[Any, ...]]], Sequence[Any]]:
        """What puts rows into the form that the driver takes."""
        names = self._names
        if order is None:
            return lambda rows: [dict(zip(names, row, strict=True)) for row in rows]
        if tuple(order) == names:
            return lambda rows: rows
        in_order = itemgetter(*map(names.index, order))
        return lambda rows: list(map(in_order, rows))


Item = TypeVar("Item")

BATCH = 5000
_ROWS_AT_ONCE = 500


def batches(items: Iterable[Item], size: int = BATCH) -> Iterator[list[Item]]:
    """The items in lists of at most `size`."""
    left = iter(items)
    while batch := list(islice(left, size)):
        yield batch


def lock_for_transaction(connection: Connection, work: str) -> None:
    """Wait until no other transaction does this work. The lock ends with the transaction.

    On SQLite a writing transaction is the only one anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:work))"), {"work": f"pedigreed {work}"})


def share_for_transaction(connection: Connection, work: str) -> None:
    """Do this work beside others, and wait for who has it alone (`alone_for_transaction`).

    On SQLite a writing transaction is the only one anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_SHARE, {"work": f"pedigreed {work} "})


def alone_for_transaction(connection: Connection, work: str) -> bool:
    """Whether no other transaction is at this work. Then none begins it until this one ends.

    On SQLite a writing transaction is the only one anyway.
    """
    if connection.dialect.name != "postgresql":
        return True
    return bool(connection.execute(_ALONE, {"work": f"pedigreed {work} "}).scalar())


def taken_for_transaction(connection: Connection, work: str, names: Collection[str]) -> Collection[str]:
    """Those of the names that no other transaction does this work for. They are this one's until it ends.

    On SQLite a writing transaction is the only one anyway.
    """
    if connection.dialect.name != "postgresql":
        return names
    return frozenset(connection.execute(_TAKE, {"work": f"pedigreed {work} ", "names": list(names)}).scalars())


# Two stores in one database have schemas of their own.
_SHARE = text("SELECT pg_advisory_xact_lock_shared(hashtext(:work || current_schema()))")
_ALONE = text("SELECT pg_try_advisory_xact_lock(hashtext(:work || current_schema()))")
_TAKE = text(
    "SELECT name FROM unnest(CAST(:names AS text[])) AS name "
    "WHERE pg_try_advisory_xact_lock(hashtext(:work || current_schema()), hashtext(name))"
)
