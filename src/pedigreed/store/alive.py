"""Whether the store answers at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from pedigreed.store.tables import runs

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


def is_alive(connection: Connection) -> bool:
    """Read next to nothing. Raises as every transaction does."""
    connection.execute(select(runs.c.id).limit(1)).all()
    return True
