"""Faults in how many rows there are, and in what is said of their number."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec

from pedigreed.demo.fault import Fault
from pedigreed.demo.protocol import COUNTED

if TYPE_CHECKING:
    from pedigreed.demo.protocol import Answer, Query
    from pedigreed.demo.reply import Reply


@dataclass(frozen=True, slots=True)
class TruncatedPage(Fault):
    """Fewer rows than the page says that it has: the last `missing` are cut off."""

    missing: int = 1

    def on_answer(self, answered: Answer, query: Query) -> Answer:
        return answered if query.is_count else replace(answered, rows=answered.rows[: -self.missing])


@dataclass(frozen=True, slots=True)
class SmallPages(Fault):
    """Pages of at most so many rows, whatever was asked for."""

    rows: int = 10

    def on_query(self, query: Query) -> Query:
        return replace(query, pagesize=min(query.pagesize, self.rows))


class ShortRow(Fault):
    """The other envelope, and the last value of the first row is not there."""

    def on_answer(self, answered: Answer, _query: Query) -> Answer:
        return replace(answered, is_tabular=True)

    def on_reply(self, reply: Reply) -> Reply:
        answered = msgspec.json.decode(reply.body)
        for row in answered["Tables"][0]["Rows"][:1]:
            row.pop()
        return replace(reply, body=msgspec.json.encode(answered))


@dataclass(frozen=True, slots=True)
class WrongTotal(Fault):
    """The total, of a page or of a count, is off by so many rows."""

    by: int = 1

    def on_answer(self, answered: Answer, query: Query) -> Answer:
        return _with_total_off(answered, query, self.by)


@dataclass(frozen=True, slots=True)
class MovingTotal(Fault):
    """The total grows by so many rows with every page: the archive is being written to."""

    by: int = 1

    def on_answer(self, answered: Answer, query: Query) -> Answer:
        return _with_total_off(answered, query, self.by * (query.page - 1))


class RepeatedPage(Fault):
    """Every page has the rows of the first, and says that it is the page that was asked for."""

    def on_query(self, query: Query) -> Query:
        return replace(query, page=1)

    def on_answer(self, answered: Answer, query: Query) -> Answer:
        return replace(answered, paging={**(answered.paging or {}), "page": query.page})


class DuplicateRow(Fault):
    """The last row of the page is replaced by its first: the number is right, and one product is missing."""

    def on_answer(self, answered: Answer, query: Query) -> Answer:
        if query.is_count:
            return answered
        return replace(answered, rows=[*answered.rows[:-1], *answered.rows[:1]])


@dataclass(frozen=True, slots=True)
class IgnoredFilter(Fault):
    """A filter on this column is ignored without a word; on every column for None."""

    column: str | None = None

    def on_query(self, query: Query) -> Query:
        kept = tuple(asked for asked in query.filters if self.column not in {None, asked.paramName})
        return replace(query, filters=kept)


class NoRows(Fault):
    """Complete, and empty."""

    def on_answer(self, answered: Answer, query: Query) -> Answer:
        if query.is_count:
            return replace(answered, rows=[{COUNTED: 0}])
        paging = {**(answered.paging or {}), "pagesFiltered": 0, "rows": 0, "rowsFiltered": 0, "rowsTotal": 0}
        return replace(answered, rows=[], paging=paging)


def _with_total_off(answered: Answer, query: Query, by: int) -> Answer:
    if query.is_count:
        counted = answered.rows[0][COUNTED]
        assert isinstance(counted, int)
        return replace(answered, rows=[{COUNTED: counted + by}])
    paging = dict(answered.paging or {})
    for said in ("rowsFiltered", "rowsTotal"):
        paging[said] = paging.get(said, 0) + by
    return replace(answered, paging=paging)
