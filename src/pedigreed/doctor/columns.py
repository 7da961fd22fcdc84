"""What is assumed of the columns of the keyword services."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.doctor.assumption import Assumption
from pedigreed.model.failure import UpstreamRefused
from pedigreed.model.instrument import Instrument
from pedigreed.sources.mast.query import NEEDED_TO_TELL, columns_for, service_of

if TYPE_CHECKING:
    from pedigreed.doctor.assumption import Finding
    from pedigreed.doctor.control import Control, Row


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
    refused: dict[str, str] = {}
    described: dict[str, object] = {}
    most: list[Row] = []
    for instrument in Instrument:
        wanted = columns_for(instrument)
        try:
            page = of.ask(",".join(wanted), instrument=instrument)
        except UpstreamRefused as error:
            refused[instrument.value] = str(error)[:200]
            continue
        rows = of.read(page)
        if not rows:
            continue
        absent = [column for column in wanted if column not in rows[0]]
        null = [column for column in NEEDED_TO_TELL if all(row.get(column) is None for row in rows)]
        described[instrument.value] = {
            column: {
                "types": sorted({type(row.get(column)).__name__ for row in rows}),
                "nulls": round(sum(row.get(column) is None for row in rows) / len(rows), 3),
            }
            for column in wanted
        }
        if absent or null:
            refused[instrument.value] = f"without {', '.join(sorted({*absent, *null}))}"
        if len(rows) > len(most):
            most, of.control, of.total = rows, instrument, page.total
    of.rows = {str(row.get("filename")): row for row in most}
    if refused:
        came = "; ".join(f"{name}: {said}" for name, said in refused.items())
        return COLUMNS.wrong(came, columns=described)
    if not most:
        return COLUMNS.unknown(f"no rows of program {of.program}")
    return COLUMNS.right(f"all, in {len(most):,} rows of {of.control.written}", columns=described)


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
    return REFUSED.wrong(f"{len(page.rows)} rows, and no refusal")


CHECKS = (
    (CONFIGURED, _configured),
    (COLUMNS, _columns),
    (REFUSED, _refused),
)
