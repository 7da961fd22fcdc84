"""Statements that both databases share: adding rows that may be there, lists in pieces, and a lock."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import text
from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import Column, Table
    from sqlalchemy.engine import Connection


Insert = sqlite.Insert | postgresql.Insert


def insert_or_skip(connection: Connection, table: Table) -> Insert:
    """An insertion that leaves a row as it is whose key is there, and waits for who is adding it."""
    return _insert(connection, table).on_conflict_do_nothing()


def insert_or_replace(connection: Connection, table: Table) -> Insert:
    """An insertion that takes the place of a row with the same primary key."""
    statement = _insert(connection, table)
    key = set(table.primary_key.columns)
    news = {column.name: statement.excluded[column.name] for column in table.columns if column not in key}
    return statement.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=news)


def insert_or_add(connection: Connection, table: Table, amount: Column[int]) -> Insert:
    """An insertion that adds to the amount of a row with the same primary key."""
    statement = _insert(connection, table)
    total = {amount.name: amount + statement.excluded[amount.name]}
    return statement.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=total)


def _insert(connection: Connection, table: Table) -> Insert:
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)


Item = TypeVar("Item")

BATCH = 5000


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
