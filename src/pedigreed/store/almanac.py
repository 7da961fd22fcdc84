"""What the almanac is made of: added up as answers are kept, so that reading it costs the same after years."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from pedigreed.model.almanac import Arrival, Arrived, Wait
from pedigreed.model.change import ChangeKind
from pedigreed.model.instrument import Instrument
from pedigreed.store.database import batches, insert_or_add
from pedigreed.store.tables import arrivals, changes, coverage, waits

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy.engine import Connection

_NAMES_A_STATEMENT = 500


def keep(connection: Connection, came: Mapping[Arrival, int], waited: Mapping[Wait, int]) -> None:
    """Add to what is known.

    It comes last in a transaction and in one order, so that two that tell of the same can't wait for each other.
    """
    rows: list[dict[str, Any]] = [
        {**arrival._asdict(), "day": _midnight(arrival.day), "products": count}
        for arrival, count in sorted(came.items())
    ]
    if rows:
        connection.execute(insert_or_add(connection, arrivals, arrivals.c.products), rows)
    rows = [{**wait._asdict(), "products": count} for wait, count in sorted(waited.items())]
    if rows:
        connection.execute(insert_or_add(connection, waits, waits.c.products), rows)


def load_arrivals(connection: Connection) -> dict[Arrival, int]:
    """All that were seen, and how many products each stands for."""
    return {
        Arrival(Arrived(row.arrived), Instrument(row.instrument), row.cal_ver, row.crds_ctx, row.day.date()): (
            row.products
        )
        for row in connection.execute(select(arrivals))
    }


def load_waits(connection: Connection) -> dict[Wait, int]:
    """All that are known, and how many products each stands for."""
    return {
        Wait(Instrument(row.instrument), row.cal_ver, row.crds_ctx, row.hours): row.products
        for row in connection.execute(select(waits))
    }


def watched_since(connection: Connection) -> datetime | None:
    """When a program was first looked at completely, UTC; None where none was."""
    query = select(func.min(coverage.c.baseline_at, type_=coverage.c.baseline_at.type))
    return connection.execute(query).scalar()


def flagged_since(connection: Connection, filenames: Collection[str]) -> dict[str, datetime]:
    """File name -> when MAST's flag was seen, UTC, of those that were not made anew since."""
    kinds = (ChangeKind.STALE.value, ChangeKind.REPROCESSED.value)
    found: dict[str, datetime] = {}
    for names in batches(sorted(filenames), _NAMES_A_STATEMENT):
        query = (
            select(changes.c.filename, changes.c.revision, changes.c.kind, changes.c.seen_at)
            .where(changes.c.filename.in_(names), changes.c.kind.in_(kinds))
            .order_by(changes.c.filename, changes.c.revision)
        )
        last: dict[str, tuple[str, datetime]] = {}
        for filename, _, kind, seen_at in connection.execute(query):
            last[filename] = (kind, seen_at)
        found.update((name, at) for name, (kind, at) in last.items() if kind == ChangeKind.STALE.value)
    return found


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
