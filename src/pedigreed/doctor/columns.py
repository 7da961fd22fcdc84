"""What is assumed of the columns of the keyword services."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pedigreed.doctor.assumption import Assumption
from pedigreed.model.failure import Unreadable, UpstreamRefused
from pedigreed.model.instrument import Instrument
from pedigreed.model.pedigree import context_number, version_of
from pedigreed.sources.mast.query import (
    ARCHIVED,
    IDENTITY,
    NEEDED_TO_TELL,
    PEDIGREE,
    columns_filled,
    columns_for,
    is_missing,
    service_of,
)
from pedigreed.sources.mast.row import product_of, program_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pedigreed.doctor.assumption import Finding
    from pedigreed.doctor.control import Control, Row
    from pedigreed.model.pedigree import Pedigree


CONFIGURED = Assumption(
    "columns configuration",
    "each of the five services lists its columns, those that matter among them",
    "astroquery reads the same list",
    "every column is asked for, and those that are refused by name are left out",
)


def _configured(of: Control) -> Finding:
    counts = {}
    for instrument in Instrument:
        of.portal.start_query()
        counts[instrument.value] = len(of.portal.columns_of(service_of(instrument)))
    lacking = [name for name, count in counts.items() if not count]
    came = f"5 of 5, of {min(counts.values())} to {max(counts.values())} columns"
    return CONFIGURED.judged(not lacking, f"none of {', '.join(lacking)}" if lacking else came, columns=counts)


COLUMNS = Assumption(
    "columns",
    "each service gives the columns that are asked for, with values in those that something hangs on",
    "mastquery's lists of May 2026; a real year of rows",
    "a column that is refused, absent or null is done without, and the operator is told what can't be told",
)


def _columns(of: Control) -> Finding:
    wrong, described = _looked_at(of)
    instead = ""
    if not of.rows and not wrong and not of.total and (other := _program_with_rows(of)) is not None:
        # An archive that has not the control program, such as a recorded one; or it heeds no number.
        instead = f", of program {other} in place of {of.program}, which has none"
        of.unfound, of.program = of.program, other
        wrong, described = _looked_at(of)
    if wrong:
        return COLUMNS.wrong("; ".join(f"{name}: {said}" for name, said in wrong.items()), columns=described)
    if not of.rows:
        # Where a service says that there are some, or not how many, the checks of its pages tell.
        is_empty = of.total == 0 and of.unfound is None
        return (
            COLUMNS.judged(False, "no rows of any program")
            if is_empty
            else COLUMNS.unknown(f"no rows of program {of.program}")
        )
    return COLUMNS.right(f"all, in {of.came:,} rows of {of.control.written}{instead}", columns=described)


def _looked_at(of: Control) -> tuple[dict[str, str], dict[str, object]]:
    """What is wrong with the columns of each instrument, and what they are. The most rows are kept."""
    wrong: dict[str, str] = {}
    described: dict[str, object] = {}
    for instrument in Instrument:
        wanted = columns_for(instrument)
        try:
            page = of.ask(",".join(wanted), instrument=instrument)
        except UpstreamRefused as error:
            wrong[instrument.value] = str(error)[:200]
            continue
        rows = of.read(page)
        of.total = max(of.total or 0, page.total) if page.total is not None else of.total
        if not rows:
            continue
        absent = {column for column in wanted if column not in rows[0]}
        filled = {column for row in rows for column in columns_filled(row)}
        filled |= {column for column in IDENTITY if any(not is_missing(row.get(column)) for row in rows)}
        null = {*IDENTITY, *NEEDED_TO_TELL} - filled
        described[instrument.value] = {
            column: {
                "types": sorted({type(row.get(column)).__name__ for row in rows}),
                "nulls": round(sum(row.get(column) is None for row in rows) / len(rows), 3),
            }
            for column in wanted
        }
        pedigrees, odd = _read(rows, instrument)
        odd = [*filter(None, [page.note]), *odd]
        said = [f"without {', '.join(sorted(absent | null))}"] if absent | null else odd[:1]
        if said:
            wrong[instrument.value] = said[0][:200]
        if len(rows) > of.came:
            of.control, of.total, of.came, of.pedigrees = instrument, page.total, len(rows), pedigrees
            of.rows = {str(row.get("filename")): row for row in rows}
    return wrong, described


def _program_with_rows(of: Control) -> int | None:
    """The program of the most rows among some of all programs; None where there are none."""
    ever = {"paramName": ARCHIVED, "values": [{"min": 0, "max": 99_999}]}
    for instrument in Instrument:
        rows = of.read(of.ask("filename,program", ever, instrument=instrument, size=1_000, programs=()))
        found = Counter(filter(None, map(program_of, rows)))
        if found:
            return max(found, key=lambda program: (found[program], -program))
    return None


def _read(rows: Iterable[Row], instrument: Instrument) -> tuple[list[Pedigree], list[str]]:
    """The pedigrees of those that can be read, and what is odd about rows and values."""
    pedigrees: list[Pedigree] = []
    odd: list[str] = []

    def note(_column: str, problem: str) -> None:
        odd.append(problem)

    for row in rows:
        try:
            made = product_of(row, instrument, odd=note).pedigree
        except Unreadable as error:
            odd.append(f"a row can't be read: {error}")
            continue
        pedigrees.append(made)
        odd += [f"a row without {column}" for column in PEDIGREE if column not in columns_filled(row)]
        if made.cal_ver and version_of(made.cal_ver) is None:
            odd.append("a cal_ver that is no version")
        if made.crds_ctx and context_number(made.crds_ctx) is None:
            odd.append("a crds_ctx that is no context of JWST")
    return pedigrees, odd


REFUSED = Assumption(
    "words of a refused column",
    "a column that a service has not is refused with its name in the message",
    "errors that users of astroquery reported",
    "no column is left out, and an answer that is refused is not complete",
)


def _refused(of: Control) -> Finding:
    column = "pedigreedasksforthis"
    try:
        page = of.ask(f"filename,{column}", size=1)
    except UpstreamRefused as error:
        return REFUSED.judged(column in str(error).lower(), str(error)[:120])
    if not page.rows and not of.rows:
        return REFUSED.unknown("no rows came at all")
    return REFUSED.wrong(f"{len(page.rows)} rows, and no refusal")


CHECKS = (
    (CONFIGURED, _configured),
    (COLUMNS, _columns),
    (REFUSED, _refused),
)
