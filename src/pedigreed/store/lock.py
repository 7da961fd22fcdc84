"""Work that one process at a time may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


def lock_for_transaction(connection: Connection, work: str) -> None:
    """Wait until no other transaction does this work. The lock ends with the transaction.

    On SQLite a writing transaction is the only one anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:work))"), {"work": f"pedigreed {work}"})
