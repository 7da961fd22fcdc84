"""What was asked of the archive and when, what is to be asked sooner, and what was learnt of its services."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import delete, or_, select, update

from pedigreed.model.coverage import Coverage, Gap
from pedigreed.model.instant import to_milliseconds
from pedigreed.model.instrument import Instrument
from pedigreed.store.database import Direct, insert_or_replace, insert_or_skip, own_rows
from pedigreed.store.tables import coverage, gaps, increments, learnt, wanted

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
    of = coverage.c
    query = select(
        of.instrument,
        of.program,
        of.baseline_at,
        of.asked_at,
        of.complete_at,
        of.sweep_at,
        of.problem,
        of.flags_at,
        of.stood_in_at,
        of.unknown_sets,
    ).where(of.program.in_(programs))
    if for_update is not None:
        _make_rows(connection, for_update, programs)
        query = query.where(of.instrument == for_update.value).order_by(of.program).with_for_update()
    found = {}
    for name, program, *rest in connection.execute(query):
        instrument = Instrument(name)
        found[instrument, program] = Coverage(instrument, program, *rest)
    return found


def asked(connection: Connection) -> set[tuple[str, int]]:
    """The instruments and programs that the archive was ever asked for."""
    query = select(coverage.c.instrument, coverage.c.program).where(coverage.c.asked_at.is_not(None))
    # The driver's own tuples: the daemon looks each time that it wakes.
    return {pair for rows in own_rows(connection, query) for pair in rows}


def save(connection: Connection, *states: Coverage) -> None:
    """Keep the coverage of programs, each in one instrument."""
    _SAVE.run(
        connection,
        [
            (
                state.instrument.value,
                state.program,
                _milliseconds(state.baseline_at),
                _milliseconds(state.asked_at),
                _milliseconds(state.complete_at),
                _milliseconds(state.sweep_at),
                state.problem,
                _milliseconds(state.flags_at),
                _milliseconds(state.stood_in_at),
                state.unknown_sets,
            )
            for state in states
        ],
    )


_SAVE = Direct(
    [column.name for column in coverage.columns], lambda connection: insert_or_replace(connection, coverage)
)


def _milliseconds(instant: datetime | None) -> int | None:
    return None if instant is None else to_milliseconds(instant)


def keep_gap(connection: Connection, gap: Gap) -> None:
    """Keep that a program had no complete answer for a while."""
    row = {
        "instrument": gap.instrument.value,
        "program": gap.program,
        "since": gap.since,
        "until": gap.until,
    }
    connection.execute(insert_or_replace(connection, gaps).values(**row))


def load_gaps(connection: Connection, program: int) -> list[Gap]:
    """The times in which a program had no complete answer, of each instrument the earliest first."""
    query = select(gaps).where(gaps.c.program == program).order_by(gaps.c.instrument, gaps.c.since)
    return [
        Gap(Instrument(row.instrument), row.program, row.since, row.until) for row in connection.execute(query)
    ]


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


_AHEAD = timedelta(hours=12)
"""What is wanted since a later time than this was heard by a clock that was ahead."""


def report_programs(connection: Connection, programs: Collection[int], now: datetime) -> None:
    """Want these programs, which MAST's own mails say have changed, to be asked for from this moment (UTC) on."""
    if programs:
        rows = [{"program": program, "since": now} for program in sorted(programs)]
        connection.execute(insert_or_replace(connection, wanted), rows)


def reported_programs(connection: Connection) -> dict[int, datetime]:
    """The programs that are wanted to be asked for, and since when, UTC."""
    return {row.program: row.since for row in connection.execute(select(wanted))}


def forget_reported(connection: Connection, programs: Collection[int], until: datetime) -> None:
    """Want these programs no more, as far as they were wanted by a moment (UTC), or by a clock that was wrong."""
    is_over = or_(wanted.c.since <= until, wanted.c.since > until + _AHEAD)
    connection.execute(delete(wanted).where(wanted.c.program.in_(programs), is_over))


class Learnt(NamedTuple):
    """One thing that was learnt of an instrument's service by asking it. Times are UTC.

    Attributes:
        instrument: whose service.
        subject: what it is about; with the instrument its identity.
        value: what is so.
        since, until: from when to when it is believed.
    """

    instrument: Instrument
    subject: str
    value: str
    since: datetime
    until: datetime


def load_learnt(connection: Connection, now: datetime) -> list[Learnt]:
    """All that is believed of the services at this moment, in a fixed order."""
    query = select(learnt).where(learnt.c.until > now).order_by(learnt.c.instrument, learnt.c.subject)
    return [
        Learnt(Instrument(row.instrument), row.subject, row.value, row.since, row.until)
        for row in connection.execute(query)
    ]


def keep_learnt(connection: Connection, news: Learnt) -> None:
    """Keep what was learnt, in the place of what was known of the same."""
    connection.execute(
        insert_or_replace(connection, learnt).values(**{**news._asdict(), "instrument": news.instrument.value})
    )


def forget_learnt(connection: Connection, instrument: Instrument, subject: str) -> None:
    """Believe it no longer."""
    connection.execute(delete(learnt).where(learnt.c.instrument == instrument.value, learnt.c.subject == subject))
