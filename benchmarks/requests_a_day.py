"""Requests a day for 200 programs over five instruments, counted at the recorded archive."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figures import Days, RequestsADay
from benchmarks.measuring import hand_back, without_log_lines
from bulk_rows import bulk_rows
from pedigreed.demo.archive import DemoArchive
from pedigreed.demo.columnsconfig import columns_of
from pedigreed.demo.rows import always
from pedigreed.model.instrument import Instrument
from pedigreed.service.asking import collect
from pedigreed.sources.mast.archive import PAGE_ROWS, MastArchive
from pedigreed.store.database import Store

if TYPE_CHECKING:
    from pedigreed.demo.filters import Row

DAYS = 8
PROGRAMS = range(1001, 1201)
LARGE = 1000
"""Products that a large program has of each instrument."""

_ROWS = 2
_START = datetime.fromisoformat("2026-11-22T06:00Z")
_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)


def main() -> None:
    folder = Path(sys.argv[1])
    without_log_lines()
    rows = [
        row
        for instrument in Instrument
        for program in PROGRAMS
        for row in bulk_rows(program, instrument, _ROWS, columns=tuple(columns_of(instrument)))
    ]
    # A page is smaller by as much as the programs are: the archive splits and counts as with large ones.
    page = PAGE_ROWS * _ROWS // LARGE
    hand_back(
        RequestsADay(
            small=_watched(rows, folder / "small.db", _WEEK, PAGE_ROWS),
            small_sweeps=_watched(rows, folder / "small-sweeps.db", _DAY, PAGE_ROWS),
            large=_watched(rows, folder / "large.db", _WEEK, page),
            large_sweeps=_watched(rows, folder / "large-sweeps.db", _DAY, page),
        )
    )


def _watched(rows: list[Row], path: Path, sweep_every: timedelta, page_rows: int) -> Days:
    watched = dict.fromkeys(Instrument, frozenset(PROGRAMS))
    days = Days([], [])
    with (
        DemoArchive(always(rows), _START) as recorded,
        MastArchive(recorded.url, "pedigreed-benchmark", page_rows=page_rows) as archive,
        Store(f"sqlite:///{path}") as store,
    ):
        for day in range(DAYS):
            now = recorded.now = _START + day * _DAY
            recorded.requests.clear()
            answers = list(collect(watched, store, archive, sweep_every, now))
            assert all(answer.fetched.is_complete for answer in answers)
            days.requests.append(len(recorded.requests))
            days.rows.append(sum(answer.fetched.rows for answer in answers))
    return days


if __name__ == "__main__":
    main()
