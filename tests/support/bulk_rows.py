"""Many rows, for benchmarks and for tests of size."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from pedigreed.demo import protocol
from pedigreed.demo.columnsconfig import columns_of
from pedigreed.demo.history import B12_1_1, B12_3_1, Version
from pedigreed.demo.modes import FGS_IMAGE, MIRI_IMAGE, NIRCAM_SHORT, NIRISS_IMAGE, NIRSPEC_MSA
from pedigreed.demo.observed import Exposures
from pedigreed.demo.rows import row_of
from pedigreed.sources.mast.query import IDENTITY, PEDIGREE, START, STATE, columns_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pedigreed.demo.filters import Row
    from pedigreed.model.instrument import Instrument

MOST_ROWS = 999 * 999 * 2
"""How many rows a program can have of every instrument."""

NARROW_COLUMNS = (*IDENTITY, *PEDIGREE, *STATE, *START, "exp_type", "detector", "filter", "subarray", "readpatt")
"""A shorter list, that every instrument's service has."""

_MODES = {mode.instrument: mode for mode in (FGS_IMAGE, MIRI_IMAGE, NIRCAM_SHORT, NIRISS_IMAGE, NIRSPEC_MSA)}
_OBSERVED = datetime.fromisoformat("2023-01-01T00:00Z")
_MADE = datetime.fromisoformat("2025-11-02T04:00Z")
_REMADE = datetime.fromisoformat("2026-11-21T09:00Z")
_NOW = datetime.fromisoformat("2026-11-22T06:00Z")
_BETWEEN_FILES = timedelta(seconds=1)


def bulk_rows(
    program: int,
    instrument: Instrument,
    count: int,
    *,
    remade: int = 0,
    columns: Sequence[str] | None = None,
) -> Iterator[Row]:
    """Rows of one program, all different, the same at every call.

    Args:
        program: its number.
        instrument: whose.
        count: how many; at most `MOST_ROWS`.
        remade: how many of them, spread evenly, have a later pedigree than the others.
        columns: which columns; by default those that pedigreed asks for.
    """
    assert 0 <= remade <= count <= MOST_ROWS
    columns = columns_for(instrument) if columns is None else columns
    everything = Exposures(
        program=program,
        observations=tuple(range(1, 1000)),
        mode=_MODES[instrument],
        product_types=("rate", "cal"),
        exposures=999,
        begin=_OBSERVED,
    )
    for number, product in enumerate(islice(everything.products(), count)):
        is_remade = (number + 1) * remade // count > number * remade // count
        began, build = (_REMADE, B12_3_1) if is_remade else (_MADE, B12_1_1)
        version = Version(build, began + number * _BETWEEN_FILES)
        row = row_of(product, version, is_stale=False, now=_NOW)
        yield {column: row[column] for column in columns}


def bulk_reply(
    program: int,
    instrument: Instrument,
    count: int,
    *,
    remade: int = 0,
    columns: Sequence[str] | None = None,
) -> bytes:
    """The bytes of a complete reply in one page with these rows; see `bulk_rows`.

    50,000 NIRCam rows are 39 MB with all that pedigreed asks for, and 26 MB with
    `NARROW_COLUMNS`.
    """
    types = columns_of(instrument)
    columns = columns_for(instrument) if columns is None else columns
    rows = list(bulk_rows(program, instrument, count, remade=remade, columns=columns))
    fields = tuple((column, types[column]) for column in columns)
    return protocol.encode(protocol.Answer(fields, rows, protocol.paging_of(1, max(count, 1), count, count)))
