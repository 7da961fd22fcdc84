"""Programs that MAST's own mails say have changed, until they are asked for."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, or_, select

from pedigreed.store.statements import insert_or_replace
from pedigreed.store.tables import wanted

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy.engine import Connection


_AHEAD = timedelta(hours=12)
"""What is wanted since a later time than this was heard by a clock that was ahead."""


def add(connection: Connection, programs: Collection[int], now: datetime) -> None:
    """Want these programs to be asked for, from this moment (UTC) on."""
    if programs:
        rows = [{"program": program, "since": now} for program in sorted(programs)]
        connection.execute(insert_or_replace(connection, wanted), rows)


def load(connection: Connection) -> dict[int, datetime]:
    """The programs, and since when they are wanted, UTC."""
    return {row.program: row.since for row in connection.execute(select(wanted))}


def forget(connection: Connection, programs: Collection[int], until: datetime) -> None:
    """Want these programs no more, as far as they were wanted by a moment (UTC), or by a clock that was wrong."""
    is_over = or_(wanted.c.since <= until, wanted.c.since > until + _AHEAD)
    connection.execute(delete(wanted).where(wanted.c.program.in_(programs), is_over))
