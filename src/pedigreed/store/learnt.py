"""What was learnt of MAST's services by asking them, and until when that is believed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import delete, select

from pedigreed.model.instrument import Instrument
from pedigreed.store.statements import insert_or_replace
from pedigreed.store.tables import learnt

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.engine import Connection


class Learnt(NamedTuple):
    """One thing about the service of an instrument. Times are UTC.

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


def load(connection: Connection, now: datetime) -> list[Learnt]:
    """All that is believed at this moment, in a fixed order."""
    query = select(learnt).where(learnt.c.until > now).order_by(learnt.c.instrument, learnt.c.subject)
    return [
        Learnt(Instrument(row.instrument), row.subject, row.value, row.since, row.until)
        for row in connection.execute(query)
    ]


def keep(connection: Connection, news: Learnt) -> None:
    """Keep it, in the place of what was known of the same."""
    connection.execute(
        insert_or_replace(connection, learnt).values(**{**news._asdict(), "instrument": news.instrument.value})
    )


def forget(connection: Connection, instrument: Instrument, subject: str) -> None:
    """Believe it no longer."""
    connection.execute(delete(learnt).where(learnt.c.instrument == instrument.value, learnt.c.subject == subject))
