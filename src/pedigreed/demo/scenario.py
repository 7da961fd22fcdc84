"""Three days of a small archive, in November 2026, and what it had before.

Program 1180 (NIRCam) is reprocessed from day 2 on, some observations a day, and is not done on day 3.
Program 1181 (NIRSpec) gets a new observation on day 2. On day 3 two of its spectra go back to an older pipeline.
Program 1210 (NIRISS) has one CAL_VER with two contexts. One of its observations becomes public on day 2.
Program 1345 (MIRI) loses a file and has a flag set on day 2. On day 3 the flag is cleared, and one observation
is reprocessed. One of its exposures was never calibrated.
Program 2738 (FGS) changes between the daily looks, and is as before at each of them.
Program 6434 (NIRISS) has no data until day 3. Another build of the pipeline is installed just before: what was
begun earlier is still made with the one before. Program 9990 is unknown to the archive.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from pedigreed.demo.history import (
    B10_1,
    B10_1_LATER_CONTEXT,
    B12_1_1,
    B12_3_1,
    B12_4,
    NOT_CALIBRATED,
    Event,
    History,
    Step,
    histories,
    state_at,
)
from pedigreed.demo.programs import OBSERVED
from pedigreed.demo.rows import row_of

if TYPE_CHECKING:
    from pedigreed.demo.filters import Row

_at = datetime.fromisoformat

BEFORE = _at("2026-11-20T06:00Z")
DAY_1 = _at("2026-11-21T06:00Z")
DAY_2 = _at("2026-11-22T06:00Z")
DAY_3 = _at("2026-11-23T06:00Z")
AFTER = _at("2026-11-24T06:00Z")
"""The daily looks, UTC. What happens on a day comes after the look before, and before its own."""

DAYS = (DAY_1, DAY_2, DAY_3)
PROGRAMS = (1180, 1181, 1210, 1345, 2738, 6434)
UNKNOWN_PROGRAM = 9990

_MOSAIC = "*-c1001_*"

_BEFORE = (
    Step(_at("2025-11-02T04:00Z"), Event.MADE, 1180, build=B12_1_1, lasts=timedelta(days=7)),
    Step(_at("2026-06-09T15:00Z"), Event.MADE, 1181, (3,), build=B12_3_1, lasts=timedelta(hours=9)),
    Step(_at("2025-11-04T09:00Z"), Event.MADE, 1181, (4,), build=B12_1_1, lasts=timedelta(hours=9)),
    Step(_at("2024-03-01T08:00Z"), Event.MADE, 1210, (2,), build=B10_1, lasts=timedelta(hours=9)),
    Step(
        _at("2024-04-09T19:00Z"),
        Event.MADE,
        1210,
        (2,),
        names="*-seg00[12]_*",
        build=B10_1_LATER_CONTEXT,
        lasts=timedelta(hours=14),
    ),
    Step(_at("2025-11-23T08:00Z"), Event.MADE, 1210, (3,), build=B12_1_1, lasts=timedelta(hours=3)),
    Step(_at("2025-11-06T02:00Z"), Event.MADE, 1345, (1, 2, 21), build=B12_1_1, lasts=timedelta(days=3)),
    Step(_at("2026-07-12T17:00Z"), Event.MADE, 1345, (22,), build=NOT_CALIBRATED),
    Step(_at("2025-11-08T22:00Z"), Event.MADE, 2738, build=B12_1_1, lasts=timedelta(days=1)),
)

_ON_DAY_2 = (
    # The campaign begins. The mosaics of several observations wait for the last of them.
    Step(
        _at("2026-11-21T09:00Z"),
        Event.MADE,
        1180,
        (7, 9, 10),
        but_not=_MOSAIC,
        build=B12_3_1,
        lasts=timedelta(hours=18),
    ),
    Step(_at("2026-11-21T22:00Z"), Event.MARKED_STALE, 1180, (11, 12)),
    Step(_at("2026-11-21T12:00Z"), Event.MADE, 1181, (5,), build=B12_3_1, lasts=timedelta(hours=1)),
    Step(_at("2026-11-21T14:00Z"), Event.REMOVED, 1345, (2,), names="*_00004_mirimage_i2d.fits"),
    Step(_at("2026-11-21T16:00Z"), Event.MARKED_STALE, 1345, (21,), product_types=("cal",)),
    # Too short for a look every six hours.
    Step(_at("2026-11-21T13:10Z"), Event.MADE, 2738, (1,), names="*_00002_guider1_cal.fits", build=B12_3_1),
    Step(_at("2026-11-21T13:40Z"), Event.WENT_BACK, 2738, (1,), names="*_00002_guider1_cal.fits"),
)

_ON_DAY_3 = (
    Step(
        _at("2026-11-22T10:00Z"),
        Event.MADE,
        1180,
        (11, 12),
        but_not=_MOSAIC,
        build=B12_3_1,
        lasts=timedelta(hours=26),
    ),
    Step(
        _at("2026-11-22T15:00Z"),
        Event.MADE,
        1181,
        (3,),
        product_types=("x1d",),
        names="*_00001_nrs?_x1d.fits",
        build=B12_1_1,
        lasts=timedelta(minutes=20),
    ),
    Step(_at("2026-11-22T08:30Z"), Event.MADE, 1345, (1,), build=B12_3_1, lasts=timedelta(hours=4)),
    Step(_at("2026-11-22T12:00Z"), Event.UNMARKED, 1345, (21,), product_types=("cal",)),
    # A look every six hours sees it at 12:00 and 18:00. A daily one does not.
    Step(_at("2026-11-22T08:00Z"), Event.MADE, 2738, (2,), names="*_00003_guider1_rate.fits", build=B12_3_1),
    Step(_at("2026-11-22T20:00Z"), Event.WENT_BACK, 2738, (2,), names="*_00003_guider1_rate.fits"),
    Step(_at("2026-11-22T21:00Z"), Event.MADE, 6434, build=B12_4, lasts=timedelta(hours=1)),
)

_AFTERWARDS = (
    Step(_at("2026-11-23T18:00Z"), Event.MADE, 1180, names=_MOSAIC, build=B12_3_1, lasts=timedelta(hours=1)),
)


def archive_at(now: datetime) -> list[Row]:
    """Every row that the archive has at a moment (UTC), in the order of programs."""
    return [row.copy() for row in rows_at(now)]


@lru_cache(maxsize=8)  # each request asks, and the clock stands still between most of them
def rows_at(now: datetime) -> list[Row]:
    """The same, which nobody changes."""
    rows = []
    for product, happenings in _histories():
        state = state_at(happenings, now)
        if state.versions:
            rows.append(row_of(product, state.versions[-1], is_stale=state.is_stale, now=now))
    return rows


@cache
def _histories() -> tuple[History, ...]:
    products = [product for observed in OBSERVED for product in observed.products()]
    return histories(products, (*_BEFORE, *_ON_DAY_2, *_ON_DAY_3, *_AFTERWARDS))
