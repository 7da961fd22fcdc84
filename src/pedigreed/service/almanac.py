"""The almanac, read from the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.changes.almanac import entries_of
from pedigreed.model.almanac import Almanac
from pedigreed.store import almanac as stored_almanac

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from pedigreed.store.cal_vers import ProgramPedigree


def read_almanac(connection: Connection, now_there: Mapping[ProgramPedigree, int], now: datetime) -> Almanac:
    """Every campaign that is known of at a moment (UTC).

    Args:
        connection: a transaction.
        now_there: program, instrument, CAL_VER and CRDS_CTX -> how many products that are watched have these now.
        now: the moment.
    """
    return Almanac(
        stored_almanac.watched_since(connection),
        entries_of(
            stored_almanac.load_arrivals(connection), stored_almanac.load_waits(connection), now_there, now.date()
        ),
    )
