"""Adding rows that another transaction may have added already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
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
