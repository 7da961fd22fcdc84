"""How the archive can misbehave beside the `faults` of any server, after what users of the real one have met.

The protocol:        ErrorReply, Executing, TablesEnvelope, NoPaging, MissingColumn, UnconfiguredColumn
How many rows:       TruncatedPage, SmallPages, ShortRow, WrongTotal, MovingTotal, RepeatedPage, DuplicateRow,
                     IgnoredFilter, NoRows
What the rows hold:  NumbersAsStrings, BooleansAsWords, NullValues, MissingKeys
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec

from faults import Fault
from pedigreed.demo import protocol
from pedigreed.demo.loopback import Reply
from pedigreed.demo.protocol import COUNTED
from pedigreed.demo.received import RequestKind

if TYPE_CHECKING:
    from pedigreed.demo.columnsconfig import Columns
    from pedigreed.demo.filters import Row, Value
    from pedigreed.demo.protocol import Answer, Query

TRUE_WORDS = ("True", "t", "T", "1", "true")
FALSE_WORDS = ("False", "f", "F", "0", "false")


@dataclass(frozen=True, slots=True)
class ErrorReply(Fault):
    """The status ERROR with a message, in an HTTP reply that says 200."""

    message: str = "Timeout expired. The timeout period elapsed prior to completion of the operation."

    def on_reply(self, _reply: Reply) -> Reply:
        return Reply(protocol.encode_error(self.message))


class Executing(Fault):
    """Not yet. With no number of times: never."""

    def on_reply(self, _reply: Reply) -> Reply:
        return Reply(protocol.encode_executing())


class TablesEnvelope(Fault):
    """The other envelope: ``Tables`` with ``Fields`` and positional ``Rows``."""

    def on_answer(self, answered: Answer, _query: Query) -> Answer:
        return replace(answered, is_tabular=True)


class NoPaging(Fault):
    """An answer that does not say how many rows there are."""

    def on_answer(self, answered: Answer, _query: Query) -> Answer:
        return replace(answered, paging=None)


@dataclass(frozen=True, slots=True)
class MissingColumn(Fault):
    """A column that the service has no longer, and refuses by name.

    Attributes:
        column: in the spelling of the wire.
        is_still_configured: whether the columns configuration lists it all the same.
    """

    column: str = "date_mjd"
    is_still_configured: bool = False

    def on_columns(self, columns: Columns, kind: RequestKind) -> Columns:
        if kind is RequestKind.COLUMNSCONFIG and self.is_still_configured:
            return columns
        return {name: typed for name, typed in columns.items() if name != self.column}


@dataclass(frozen=True, slots=True)
class UnconfiguredColumn(Fault):
    """A column that the service has, and that its columns configuration does not list."""

    column: str = "cal_ver"

    def on_columns(self, columns: Columns, kind: RequestKind) -> Columns:
        if kind is not RequestKind.COLUMNSCONFIG:
            return columns
        return {name: typed for name, typed in columns.items() if name != self.column}


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


class NumbersAsStrings(Fault):
    """Every number is written as a string."""

    def on_answer(self, answered: Answer, _query: Query) -> Answer:
        return replace(
            answered, rows=[{name: _written(value) for name, value in row.items()} for row in answered.rows]
        )


class BooleansAsWords(Fault):
    """Every boolean is a word; each row takes the next of the spellings."""

    def on_answer(self, answered: Answer, _query: Query) -> Answer:
        return replace(
            answered,
            rows=[
                {name: _said(value, number) for name, value in row.items()}
                for number, row in enumerate(answered.rows)
            ],
        )


@dataclass(frozen=True, slots=True)
class NullValues(Fault):
    """These columns are null in every row."""

    columns: tuple[str, ...] = ("cal_ver", "crds_ctx")

    def on_answer(self, answered: Answer, _query: Query) -> Answer:
        nulls: Row = dict.fromkeys(self.columns)
        return replace(
            answered,
            rows=[{name: nulls.get(name, value) for name, value in row.items()} for row in answered.rows],
        )


@dataclass(frozen=True, slots=True)
class MissingKeys(Fault):
    """Every other row, from the first on, lacks these columns, though the answer's fields name them."""

    columns: tuple[str, ...] = ("isStale", "checksum")

    def on_answer(self, answered: Answer, _query: Query) -> Answer:
        return replace(
            answered,
            rows=[
                row if number % 2 else {name: value for name, value in row.items() if name not in self.columns}
                for number, row in enumerate(answered.rows)
            ],
        )


def _with_total_off(answered: Answer, query: Query, by: int) -> Answer:
    if query.is_count:
        counted = answered.rows[0][COUNTED]
        assert isinstance(counted, int)
        return replace(answered, rows=[{COUNTED: counted + by}])
    paging = dict(answered.paging or {})
    for said in ("rowsFiltered", "rowsTotal"):
        paging[said] = paging.get(said, 0) + by
    return replace(answered, paging=paging)


def _written(value: Value) -> Value:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _said(value: Value, number: int) -> Value:
    if not isinstance(value, bool):
        return value
    words = TRUE_WORDS if value else FALSE_WORDS
    return words[number % len(words)]
