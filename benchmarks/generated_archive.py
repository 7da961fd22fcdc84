"""An archive of millions of products on loopback, whose rows are made as they are asked for.

`python -m benchmarks.generated_archive SCALE` prints its address. It remakes so many products as each line of its
input says, a day later each time.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from itertools import accumulate
from math import ceil
from typing import TYPE_CHECKING

from bulk_rows import bulk_rows
from pedigreed.demo.archive import DemoArchive
from pedigreed.demo.columnsconfig import columns_of
from pedigreed.demo.loopback import Reply
from pedigreed.demo.protocol import Answer, answer, encode, paging_of, parse_query
from pedigreed.demo.received import RequestKind
from pedigreed.model.instant import to_mjd
from pedigreed.model.instrument import Instrument
from pedigreed.sources.mast.query import ARCHIVED, columns_for

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from pedigreed.demo.filters import Row
    from pedigreed.demo.protocol import Query
    from pedigreed.demo.received import Received

PROGRAMS = 3_000
PRODUCTS = {Instrument.NIRCAM: 500, Instrument.NIRSPEC: 200, Instrument.MIRI: 200, Instrument.NIRISS: 100}
"""How many each program has."""

BEGIN = datetime.fromisoformat("2026-11-20T06:00Z")
DAY = timedelta(days=1)
_FIRST_PROGRAM = 1001
_INGESTED = datetime.fromisoformat("2025-11-02T00:00Z")
_LASTED = timedelta(days=200)
"""How long it took the archive to take all of them in, one after the other."""

_A_PROGRAM = sum(PRODUCTS.values())
_STARTS = dict(zip(PRODUCTS, accumulate(PRODUCTS.values(), initial=0), strict=False))


class GeneratedArchive(DemoArchive):
    """It has `PROGRAMS` of `PRODUCTS`, or a part of them. A product's number says its program and place."""

    def __init__(self, scale: int) -> None:
        """`scale`: how many times smaller it is."""
        super().__init__(lambda _: (), BEGIN)
        self.products = PROGRAMS // scale * _A_PROGRAM
        self._remade: dict[int, tuple[float, str]] = {}

    def remake(self, changes: int, at: datetime, context: int) -> None:
        """Make so many products anew, spread evenly."""
        every = self.products // changes
        for number in range(0, every * changes, every):
            self._remade[number] = to_mjd(at), f"jwst_{context:04d}.pmap"

    def reply_to(self, received: Received) -> Reply:
        if received.kind not in {RequestKind.COUNT, RequestKind.PAGE}:
            return super().reply_to(received)
        query = parse_query(received.text)
        limits = {limit.paramName: limit.values for limit in query.filters}
        if query.columns == "program" and limits.keys() == {ARCHIVED}:
            return Reply(self._programs_ingested(query, limits[ARCHIVED]))
        # These two filters need no row to be looked at.
        others = tuple(limit for limit in query.filters if limit.paramName not in {"program", ARCHIVED})
        rows = self._rows_for(query, limits)
        return Reply(encode(answer(replace(query, filters=others), rows, columns_of(query.instrument))))

    def _programs_ingested(self, query: Query, limit: Sequence[object]) -> bytes:
        """The program of every row that was taken in between two instants. Of millions no row is made."""
        programs: list[int] = []
        taken_in, again = self._taken_in(limit)
        for program, places in self._places(query.instrument):
            together = range(max(places.start, taken_in.start), min(places.stop, taken_in.stop))
            programs += [program] * len(together)
        programs += [_FIRST_PROGRAM + number // _A_PROGRAM for number in again if _is_of(number, query.instrument)]
        rows: list[Row] = [{"program": program} for program in programs[: query.pagesize]]
        return encode(Answer((("program", "int"),), rows, paging_of(1, query.pagesize, len(rows), len(programs))))

    def _rows_for(self, query: Query, limits: Mapping[str, Sequence[object]]) -> Iterator[Row]:
        """Those of some programs, or that were taken in between two instants, without what is not asked for."""
        wanted = (set() if query.is_count else set(query.columns.split(","))) | limits.keys()
        templates = _templates(query.instrument, tuple(sorted(wanted)))
        numbers: Iterable[int]
        if "program" in limits:
            asked = {int(str(program)) for program in limits["program"]}
            numbers = (
                number
                for program, places in self._places(query.instrument)
                if program in asked
                for number in places
            )
            if ARCHIVED in limits:
                taken_in, again = self._taken_in(limits[ARCHIVED])
                numbers = (number for number in numbers if number in again or number in taken_in)
        elif ARCHIVED in limits:
            taken_in, again = self._taken_in(limits[ARCHIVED])
            numbers = (number for number in (*taken_in, *again) if _is_of(number, query.instrument))
        else:
            # What is stale: nothing.
            numbers = ()
        for number in numbers:
            yield self._row(templates[number % _A_PROGRAM - _STARTS[query.instrument]], number)

    def _places(self, instrument: Instrument) -> Iterator[tuple[int, range]]:
        """Each program, and the numbers of its products of an instrument."""
        start, count = _STARTS.get(instrument, 0), PRODUCTS.get(instrument, 0)
        for first in range(start, self.products, _A_PROGRAM):
            yield _FIRST_PROGRAM + first // _A_PROGRAM, range(first, first + count)

    def _taken_in(self, limit: Sequence[object]) -> tuple[range, Collection[int]]:
        """The numbers of what was taken in between two instants, at first and again."""
        (span,) = limit
        assert isinstance(span, dict)
        began, lasted = to_mjd(_INGESTED), _LASTED / DAY
        first, last = ((float(span[end]) - began) / lasted * self.products for end in ("min", "max"))
        again = {number for number, (at, _) in self._remade.items() if span["min"] <= at <= span["max"]}
        return range(max(ceil(first), 0), min(int(last) + 1, self.products)), again

    def _row(self, template: Row, number: int) -> Row:
        program = _FIRST_PROGRAM + number // _A_PROGRAM
        row = {**template, "program": program}
        for column in ("filename", "fileSetName"):
            if column in row:
                row[column] = f"jw{program:05d}{str(row[column])[7:]}"
        if number in self._remade:
            at, context = self._remade[number]
            return {**row, "cal_ver": "2.0.1", "crds_ctx": context, "date_mjd": at, ARCHIVED: at}
        row[ARCHIVED] = to_mjd(_INGESTED + number * _LASTED / self.products)
        return row


def _is_of(number: int, instrument: Instrument) -> bool:
    return 0 <= number % _A_PROGRAM - _STARTS.get(instrument, _A_PROGRAM) < PRODUCTS.get(instrument, 0)


@cache
def _templates(instrument: Instrument, columns: Sequence[str]) -> Sequence[Row]:
    """The rows that every program has of an instrument."""
    has = {*columns_for(instrument), "instrume"}
    kept = tuple(has.intersection((*columns, "instrume")))
    return list(bulk_rows(_FIRST_PROGRAM, instrument, PRODUCTS.get(instrument, 0), columns=kept))


def main() -> None:
    with GeneratedArchive(int(sys.argv[1])) as archive:
        print(archive.url, flush=True)
        for day, line in enumerate(sys.stdin, 1):
            archive.remake(int(line), BEGIN + day * DAY - timedelta(hours=2), 1535 + day)
            archive.now = BEGIN + day * DAY
            print("done", flush=True)


if __name__ == "__main__":
    main()
