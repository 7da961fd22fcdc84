"""An archive of 200 programs in which a part of every program's products is reprocessed each day."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from benchmarks.subscribers import rows_of_all
from pedigreed.model.instant import to_mjd

if TYPE_CHECKING:
    from collections.abc import Callable

    from pedigreed.demo.filters import Row

PRODUCTS = 4
"""How many each program has of each instrument. One of them is reprocessed every day."""

_CONTEXT = 1535
_MADE_AT = timedelta(hours=1)
_INGEST_TAKES = timedelta(minutes=10)


class ChangingArchive:
    """What it has follows from the moment. For `DemoArchive`, but by the benchmark's clock."""

    def __init__(self, begin: datetime, clock: Callable[[], datetime]) -> None:
        self._begin = begin
        self._clock = clock
        self._rows = rows_of_all(PRODUCTS)
        self._day = 0

    def rows_at(self, _now: datetime) -> list[Row]:
        """The rows, with what was reprocessed since they were asked for last. The first day brings nothing."""
        today = (self._clock() - self._begin) // timedelta(days=1)
        while self._day < today:
            self._day += 1
            made = self._begin + timedelta(days=self._day) + _MADE_AT
            self._rows = [
                _reprocessed(row, made, _CONTEXT + self._day) if number % PRODUCTS == self._day % PRODUCTS else row
                for number, row in enumerate(self._rows)
            ]
        return self._rows


def _reprocessed(row: Row, made: datetime, context: int) -> Row:
    return {
        **row,
        "cal_ver": "2.0.1",
        "crds_ctx": f"jwst_{context:04d}.pmap",
        "date_mjd": to_mjd(made),
        "ingestCompletionDate_mjd": to_mjd(made + _INGEST_TAKES),
    }
