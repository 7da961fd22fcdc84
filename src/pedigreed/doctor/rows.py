"""What is assumed of the values in the rows."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pedigreed.config.value import LEVELS
from pedigreed.doctor.assumption import Assumption
from pedigreed.model.failure import UpstreamRefused
from pedigreed.model.instant import ROUNDING, from_mjd, parse_instant, to_mjd

if TYPE_CHECKING:
    from pedigreed.doctor.assumption import Finding
    from pedigreed.doctor.control import Control, Row

_LONGEST = 200
"""Characters of what came."""

DATES = Assumption(
    "two forms of DATE",
    "`date` and `date_mjd` say the same, in UTC",
    "within 2 ms in a real year",
    "`date_mjd` is what counts; `date` is asked for only where that is not there",
)


def _dates(of: Control) -> Finding:
    try:
        rows = of.read(of.ask("filename,date,date_mjd", size=1_000))
    except UpstreamRefused as error:
        return DATES.unknown(f"`date` is refused: {error}"[:160])
    apart = [
        abs(parse_instant(str(row["date"])) - from_mjd(float(str(row["date_mjd"]))))
        for row in rows
        if row.get("date") is not None and row.get("date_mjd") is not None
    ]
    if not apart:
        return DATES.unknown("no row has both")
    most = max(apart)
    return DATES.judged(
        most <= ROUNDING, f"at most {most / timedelta(milliseconds=1):.0f} ms apart in {len(apart):,} rows"
    )


RELEASE = Assumption(
    "release dates",
    "each row has the date of its release; `isRestricted` may say anything",
    "`isRestricted` was false in 110,127 real rows with their release ahead",
    "products are not told as public; the operator is told so once",
)


def _release(of: Control) -> Finding:
    rows = list(of.rows.values())
    dated = [row for row in rows if row.get("publicReleaseDate_mjd") is not None]
    flagged = sum(str(row.get("isRestricted")).lower() in {"true", "t", "1"} for row in _flags(of))
    now = to_mjd(datetime.now(UTC))
    ahead = sum(float(str(row["publicReleaseDate_mjd"])) > now for row in dated)
    came = f"{len(dated):,} of {len(rows):,} dated, {ahead:,} ahead, {flagged:,} flagged"
    return RELEASE.judged(len(dated) == len(rows), came, dated=len(dated), ahead=ahead, flagged=flagged)


def _flags(of: Control) -> list[Row]:
    """Rows with `isRestricted` alone; none where the service has it no longer, which is no loss."""
    try:
        return of.read(of.ask("filename,isRestricted", size=1_000))
    except UpstreamRefused:
        return []


PRODUCT_LEVELS = Assumption(
    "levels of an exposure",
    "each row has a level that a configuration can name; a lower one may be listed beside a higher, or before it",
    "a real year has 1b, 2a, 2b and 3, for days both a rate and its cal, and 2b for most rates of NIRSpec",
    "a product of another level is told to those alone who watch every level",
)


def _levels(of: Control) -> Finding:
    both = sum(
        name.replace("_cal.fits", "_rate.fits") in of.rows for name in of.rows if name.endswith("_cal.fits")
    )
    cals = sum(name.endswith("_cal.fits") for name in of.rows)
    found = Counter(str(row.get("productLevel")) for row in of.rows.values())
    unknown = found.keys() - set(LEVELS)
    came = f"{', '.join(sorted(found))}; {both:,} of {cals:,} cal files have their rate listed"
    return PRODUCT_LEVELS.judged(not unknown, came[:_LONGEST], levels=dict(found), both=both, cals=cals)


CHECKS = (
    (DATES, _dates),
    (RELEASE, _release),
    (PRODUCT_LEVELS, _levels),
)
