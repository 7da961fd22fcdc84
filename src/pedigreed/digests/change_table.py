r"""The CSV table of a digest's changes, each with its old and new pedigree.

UTF-8, commas, LF line ends, a heading line, times in ISO 8601 with ``Z``, an empty cell for what is unknown.
A spreadsheet runs a cell that begins like a formula, and file names come from outside. Such a cell gets an
apostrophe in front, and so does one that begins with an apostrophe: taking one away gives the text back.
Control characters are written as ``\\n`` or ``\\x1b``.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from pedigreed.digests.listing import Listing
from pedigreed.digests.wording import visible
from pedigreed.model.instant import iso
from pedigreed.model.product_name import product_type_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from pedigreed.model.change import Change
    from pedigreed.model.pedigree import Pedigree

COLUMNS = (
    "kind",
    "program",
    "observation",
    "instrument",
    "level",
    "product_type",
    "filename",
    "fileset",
    "old_cal_ver",
    "old_crds_ctx",
    "old_date",
    "new_cal_ver",
    "new_crds_ctx",
    "new_date",
    "archived",
    "public",
)

_FORMULA_STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""ASCII and full-width: a Japanese spreadsheet takes both."""

_GUARD = "'"


class _Line:
    """What a CSV writer takes for its file: it hands each line back."""

    def write(self, line: str) -> bytes:
        return line.encode()


def table_of(changes: Iterable[Change]) -> Listing:
    """One line for each change, in the order given."""
    writer = csv.writer(_Line(), lineterminator="\n")
    head: bytes = writer.writerow(COLUMNS)
    return Listing(head, (writer.writerow(_row(change)) for change in changes))


def _row(change: Change) -> tuple[str | int | None, ...]:
    return (
        change.kind,
        change.program,
        change.observation,
        change.instrument,
        _cell(change.level),
        _cell(product_type_of(change.filename)),
        _cell(change.filename),
        _cell(change.fileset),
        *_pedigree(change.before),
        *_pedigree(change.after),
        _moment(change.archived_at),
        _moment(change.public_at),
    )


def _pedigree(pedigree: Pedigree | None) -> tuple[str, str, str]:
    if pedigree is None:
        return "", "", ""
    return _cell(pedigree.cal_ver or ""), _cell(pedigree.crds_ctx or ""), _moment(pedigree.date)


def _cell(text: str) -> str:
    shown = visible(text)
    return _GUARD + shown if shown.lstrip().startswith((*_FORMULA_STARTS, _GUARD)) else shown


def _moment(moment: datetime | None) -> str:
    return "" if moment is None else iso(moment)
