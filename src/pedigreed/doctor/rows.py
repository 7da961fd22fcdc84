"""What is assumed of the values in the rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pedigreed.doctor.assumption import Assumption
from pedigreed.model.failure import UpstreamRefused
from pedigreed.model.instant import ROUNDING, from_mjd, parse_instant, to_mjd

if TYPE_CHECKING:
    from pedigreed.doctor.assumption import Finding
    from pedigreed.doctor.control import Control


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
    rows = of.read(of.ask("filename,publicReleaseDate_mjd,isRestricted", size=1_000))
    dated = [row for row in rows if row.get("publicReleaseDate_mjd") is not None]
    flagged = sum(str(row.get("isRestricted")).lower() in {"true", "t", "1"} for row in rows)
    now = to_mjd(datetime.now(UTC))
    ahead = sum(float(str(row["publicReleaseDate_mjd"])) > now for row in dated)
    came = f"{len(dated):,} of {len(rows):,} dated, {ahead:,} ahead, {flagged:,} flagged"
    return RELEASE.judged(len(dated) == len(rows), came, dated=len(dated), ahead=ahead, flagged=flagged)


LEVELS = Assumption(
    "levels of an exposure",
    "a lower level may be listed beside a higher one, or in its place",
    "MAST's documentation has the highest alone; a real year had both for days",
    "nothing: what left the list for a higher level is told as that, once a sweep shows it",
)


def _levels(of: Control) -> Finding:
    both = sum(
        name.replace("_cal.fits", "_rate.fits") in of.rows for name in of.rows if name.endswith("_cal.fits")
    )
    cals = sum(name.endswith("_cal.fits") for name in of.rows)
    return LEVELS.right(f"{both:,} of {cals:,} cal files have their rate listed", both=both, cals=cals)


CHECKS = (
    (DATES, _dates),
    (RELEASE, _release),
    (LEVELS, _levels),
)
