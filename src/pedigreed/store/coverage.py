"""What was asked of the archive and when, and which instruments' increments are not trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select, update

from pedigreed.model.coverage import Coverage
from pedigreed.model.instrument import Instrument
from pedigreed.store.statements import insert_or_replace, insert_or_skip
from pedigreed.store.tables import coverage, increments

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy.engine import Connection


class IncrementsOff(NamedTuple):
    """Why an instrument is asked for everything each time. Times are UTC."""

    instrument: Instrument
    since: datetime
    until: datetime
    reason: str


def load(
    connection: Connection, programs: Collection[int], *, for_update: Instrument | None = None
) -> dict[tuple[Instrument, int], Coverage]:
    """The coverage of some programs, by instrument and program.

    Args:
        connection: a transaction.
        programs: program numbers.
        for_update: lock the rows of this instrument, adding those that are not there, until the transaction ends.
    """
    query = select(coverage).where(coverage.c.program.in_(programs))
    if for_update is not None:
        _make_rows(connection, for_update, programs)
        query = (
            query.where(coverage.c.instrument == for_update.value).order_by(coverage.c.program).with_for_update()
        )
    found = {}
    for row in connection.execute(query):
        instrument = Instrument(row.instrument)
        found[instrument, row.program] = Coverage(
            instrument,
            row.program,
            row.baseline_at,
            row.asked_at,
            row.complete_at,
            row.sweep_at,
            row.problem,
            row.flags_at,
        )
    return found


def asked(connection: Connection) -> set[tuple[str, int]]:
    """The instruments and programs that the archive was ever asked for."""
    query = select(coverage.c.instrument, coverage.c.program).where(coverage.c.asked_at.is_not(None))
    return {(row[0], row[1]) for row in connection.execute(query).all()}


def save(connection: Connection, state: Coverage) -> None:
    """Keep the coverage of one program in one instrument."""
    connection.execute(
        insert_or_replace(connection, coverage).values(
            instrument=state.instrument.value,
            program=state.program,
            baseline_at=state.baseline_at,
            asked_at=state.asked_at,
            complete_at=state.complete_at,
            sweep_at=state.sweep_at,
            problem=state.problem,
            flags_at=state.flags_at,
        )
    )


def forget_flags(connection: Connection, instrument: Instrument) -> None:
    """Take it back that any answer of an instrument told all stale flags."""
    connection.execute(update(coverage).where(coverage.c.instrument == instrument.value).values(flags_at=None))


def increments_off(connection: Connection, now: datetime) -> dict[Instrument, IncrementsOff]:
    """The instruments whose increments are turned off at this moment."""
    rows = connection.execute(select(increments).where(increments.c.off_until > now))
    return {
        Instrument(row.instrument): IncrementsOff(
            Instrument(row.instrument), row.off_since, row.off_until, row.reason
        )
        for row in rows
    }


def turn_increments_off(
    connection: Connection, instrument: Instrument, since: datetime, until: datetime, reason: str
) -> None:
    """Ask an instrument for everything each time, until a moment (UTC)."""
    connection.execute(
        insert_or_replace(connection, increments).values(
            instrument=instrument.value, off_since=since, off_until=until, reason=reason
        )
    )


def _make_rows(connection: Connection, instrument: Instrument, programs: Collection[int]) -> None:
    rows = [{"instrument": instrument.value, "program": program} for program in sorted(programs)]
    if rows:
        connection.execute(insert_or_skip(connection, coverage), rows)
