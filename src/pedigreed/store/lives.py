"""Which processes still live that share a store on PostgreSQL: each holds a lock of the server's until it ends.

The lock is of a session, so the server lets it go when the process ends, however that is, and soon after its
machine or the network is gone. On SQLite one process is at work at a time, and nothing is held.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


class Life(StrEnum):
    """What a process is at. The set is closed."""

    RUN = "pedigreed run of "
    """A run of work, by its number."""
    SENDING = "pedigreed sending of "
    """The sending of messages, by the number that they were taken with."""


# Two stores in one database have schemas of their own.
_HOLD = text("SELECT pg_advisory_lock(hashtext(:life || current_schema()), :number)")
_HELD = text(
    "SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND granted "
    "AND classid = hashtext(:life || current_schema())::oid "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
_NOTICED_WITHIN = "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 4"
"""Half a minute until the server notices that a machine is gone which can't say so."""


def hold(connection: Connection, life: Life, number: int) -> None:
    """Let other processes know of this one for as long as the connection lasts."""
    connection.exec_driver_sql(_NOTICED_WITHIN)
    connection.execute(_HOLD, {"life": life.value, "number": number})


def held(connection: Connection, life: Life) -> frozenset[int]:
    """The numbers that processes hold which live. Only on PostgreSQL."""
    return frozenset(connection.execute(_HELD, {"life": life.value}).scalars())
