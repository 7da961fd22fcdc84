"""What is assumed of the filters of the keyword services."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from pedigreed.doctor.assumption import Assumption
from pedigreed.doctor.control import NO_PROGRAM
from pedigreed.model.failure import UpstreamRefused
from pedigreed.sources.mast.query import ARCHIVED
from pedigreed.sources.mast.row import program_of

if TYPE_CHECKING:
    from pedigreed.doctor.assumption import Finding
    from pedigreed.doctor.control import Control


_MANY = tuple(range(99_800, 99_899))


PROGRAMS = Assumption(
    "filter on programs",
    "a program is found by its number, with and without zeros before it, and no other program with it",
    "JWQL pads the number, mastquery does not",
    "rows of other programs are noticed, the answer is not complete, and the service rests",
)


def _programs(of: Control) -> Finding:
    if not of.rows:
        if of.unfound is None:
            return PROGRAMS.unknown("there are no rows of any program")
        return PROGRAMS.wrong(f"program {of.program} has rows, and none comes by its number")
    asked = {
        "padded": [f"{of.program:05d}"],
        "2 values": [str(NO_PROGRAM), str(of.program)],
        "100 values": [*map(str, _MANY), str(of.program)],
        "unknown": [str(NO_PROGRAM)],
    }
    counts = {name: len(of.names(of.ask("filename", programs=values))) for name, values in asked.items()}
    expected = {name: 0 if name == "unknown" else len(of.rows) for name in asked}
    strangers = sum(program_of(row) != of.program for row in of.rows.values())
    came = ", ".join(f"{name}: {count:,}" for name, count in counts.items()) + f" of {len(of.rows):,}"
    if strangers:
        came = f"{came}, {strangers:,} of them of other programs"
    return PROGRAMS.judged(counts == expected and not strangers, came, counts=counts, strangers=strangers)


OBSERVATIONS = Assumption(
    "range of observations",
    "a range of observation numbers brings the rows of those observations",
    "JWQL filters by single observations; ranges are documented for numbers",
    "a program that is too slow or too big can't be asked for in parts, and is not checked",
)


def _observations(of: Control) -> Finding:
    numbers = sorted({int(str(row["observtn"])) for row in of.rows.values() if row.get("observtn") is not None})
    last = numbers[(len(numbers) - 1) // 2]
    expected = {name for name, row in of.rows.items() if _integer(row.get("observtn")) in range(last + 1)}
    page = of.ask("filename", {"paramName": "observtn", "values": [{"min": 0, "max": last}]})
    came = set(of.names(page))
    return OBSERVATIONS.judged(came == expected, f"{len(came):,} of {len(expected):,} rows")


def _integer(value: object) -> int | None:
    try:
        return int(str(value))
    except ValueError:
        return None


INGESTED = Assumption(
    "range of ingest",
    "a range of the date of ingest brings what was ingested since, and only that",
    "CRDS's `stale` tool asked by ranges of MJD; all remakes of a real year were ingested anew",
    "older rows are noticed, and the instrument is asked for everything each time",
)


def _ingested(of: Control) -> Finding:
    moments = sorted(float(str(row[ARCHIVED])) for row in of.rows.values() if row.get(ARCHIVED) is not None)
    since = moments[len(moments) // 2]
    slack = timedelta(seconds=1) / timedelta(days=1)
    page = of.ask("filename", {"paramName": ARCHIVED, "values": [{"min": since - slack, "max": 99999}]})
    came = set(of.names(page))
    expected = {
        name
        for name, row in of.rows.items()
        if row.get(ARCHIVED) is not None and float(str(row[ARCHIVED])) >= since - slack
    }
    return INGESTED.judged(
        came == expected, f"{len(came):,} rows, of which {len(came & expected):,} of {len(expected):,}"
    )


EVERY_PROGRAM = Assumption(
    "a question about every program",
    "a range of the date of ingest that names no program brings the rows of every program that were ingested then",
    "a search needs one filter, of whichever column; none without a program was seen",
    "who watches all programs is told of the known ones alone; digests say that new ones were not asked for",
)


def _every_program(of: Control) -> Finding:
    moments = {name: float(str(row[ARCHIVED])) for name, row in of.rows.items() if row.get(ARCHIVED) is not None}
    last = max(moments.values())
    span = timedelta(minutes=1) / timedelta(days=1)
    expected = {name for name, moment in moments.items() if moment >= last - span}
    asked = {"paramName": ARCHIVED, "values": [{"min": last - span, "max": last + span}]}
    rows = of.read(of.ask(f"filename,program,{ARCHIVED}", asked, programs=()))
    own = {str(row.get("filename")) for row in rows if program_of(row) == of.program}
    strangers = sum(abs(float(str(row.get(ARCHIVED) or 0)) - last) > 2 * span for row in rows)
    came = f"{len(rows):,} rows, of which {len(own & expected):,} of {len(expected):,} that are known"
    if strangers:
        came = f"{came}; {strangers:,} were ingested at other times"
    return EVERY_PROGRAM.judged(expected <= own and not strangers, came, rows=len(rows), strangers=strangers)


STALE = Assumption(
    "filter on isStale",
    "the services can be asked for what is marked as stale alone",
    "the column is one of theirs; such a filter was never seen",
    "stale flags are seen by sweeps alone; the question is not asked for a month",
)


def _stale(of: Control) -> Finding:
    try:
        page = of.ask("filename,isStale", {"paramName": "isStale", "values": ["1"]}, programs=[str(of.program)])
    except UpstreamRefused as error:
        return STALE.wrong(str(error)[:200], is_refused=True)
    flags = Counter(str(row.get("isStale")).lower() in {"true", "t", "1"} for row in of.read(page))
    expected = sum(str(row.get("isStale")).lower() in {"true", "t", "1"} for row in of.rows.values())
    came = f"{flags[True]:,} marked of {expected:,}, and {flags[False]:,} that are not"
    return STALE.judged(not flags[False] and flags[True] == expected, came, is_ignored=bool(flags[False]))


WITHOUT_ROWS = ((PROGRAMS, _programs),)
"""What can be checked where no rows came."""

CHECKS = (
    (PROGRAMS, _programs),
    (OBSERVATIONS, _observations),
    (INGESTED, _ingested),
    (EVERY_PROGRAM, _every_program),
    (STALE, _stale),
)
