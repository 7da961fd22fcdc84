"""How the archive can misbehave beside the `faults` of any server, after what users of the real one have met.

The protocol:        ErrorReply, Executing, OtherStatus, TablesEnvelope, NoPaging, PagingAsText, EmptyTable,
                     OtherPaging, ByteOrderMark, NoCount, MissingColumn, UnconfiguredColumn, ColumnRefusedByHttp
What is asked:       NamelessRefusal, UnknownIsIgnored, AsText, FirstValueAlone
How much at once:    SlowInProportion, TooManyValues, OverlappingPages, RepeatedRow, OldAnswers
How many rows:       TruncatedPage, DroppedRows, SmallPages, ShortRow, WrongTotal, MovingTotal, RepeatedPage,
                     DuplicateRow, IgnoredFilter, NoRows
What the rows hold:  NumbersAsStrings, BooleansAsWords, NullValues, NotANumber, MissingKeys, OtherCase,
                     LocalDates, DatesInWords, OtherValue, OtherLevels
Files and file sets: WholeFile, OtherBytes, OtherMissions
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import msgspec

from faults import Fault
from pedigreed.demo import protocol
from pedigreed.demo.columnsconfig import columns_of
from pedigreed.demo.loopback import Reply
from pedigreed.demo.protocol import COUNTED
from pedigreed.demo.received import RequestKind
from pedigreed.model.failure import Unreadable
from pedigreed.model.instant import from_mjd, iso

if TYPE_CHECKING:
    from collections.abc import Mapping

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
class DroppedRows(Fault):
    """The last rows are not there, and not counted: the service does not know of them."""

    rows: int = 1

    def on_answer(self, answered: Answer, query: Query) -> Answer:
        kept = answered.rows[: -self.rows]
        return replace(answered, rows=kept, paging=protocol.paging_of(1, query.pagesize, len(kept), len(kept)))


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
    """These columns are null in every row, or in every so many."""

    columns: tuple[str, ...] = ("cal_ver", "crds_ctx")
    every: int = 1

    def on_answer(self, answered: Answer, _query: Query) -> Answer:
        nulls: Row = dict.fromkeys(self.columns)
        return replace(
            answered,
            rows=[
                row if number % self.every else {name: nulls.get(name, value) for name, value in row.items()}
                for number, row in enumerate(answered.rows)
            ],
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


@dataclass(frozen=True, slots=True)
class EmptyTable(Fault):
    """An answer without rows as old versions of the portal gave it: page 0 of 0; or without any table.

    Attributes:
        has_table: whether there is an empty one.
        has_paging: whether it says how many rows there are.
    """

    has_table: bool = True
    has_paging: bool = True

    def on_reply(self, reply: Reply) -> Reply:
        answered = msgspec.json.decode(reply.body)
        if answered.get("data") or "paging" not in answered:
            return reply
        answered["paging"] |= {"page": 0, "pagesFiltered": 0}
        if not self.has_table:
            del answered["data"], answered["fields"]
        if not self.has_paging:
            del answered["paging"]
        return replace(reply, body=msgspec.json.encode(answered))


@dataclass(frozen=True, slots=True)
class NoCount(Fault):
    """`COUNT_BIG(*)` is refused; or counts nothing, or answers a text."""

    answer: int | str | None = None

    def on_answer(self, answered: Answer, query: Query) -> Answer:
        return replace(answered, rows=[{COUNTED: self.answer}]) if query.is_count else answered

    def on_reply(self, reply: Reply) -> Reply:
        if self.answer is None and b'"Column1"' in reply.body:
            return replace(reply, body=protocol.encode_error("Incorrect syntax near '*'."))
        return reply


@dataclass(frozen=True, slots=True)
class OtherStatus(Fault):
    """Not ready, in a word that nobody has seen yet."""

    status: str = "QUEUED"

    def on_reply(self, reply: Reply) -> Reply:
        return replace(reply, body=msgspec.json.encode({"status": self.status, "msg": ""}))


class ByteOrderMark(Fault):
    """The JSON begins with a byte order mark."""

    def on_reply(self, reply: Reply) -> Reply:
        return replace(reply, body=b"\xef\xbb\xbf" + reply.body)


class PagingAsText(Fault):
    """Every number of the paging is written as a string."""

    def on_reply(self, reply: Reply) -> Reply:
        answered = msgspec.json.decode(reply.body)
        answered["paging"] = {name: str(value) for name, value in answered["paging"].items()}
        return replace(reply, body=msgspec.json.encode(answered))


@dataclass(frozen=True, slots=True)
class ColumnRefusedByHttp(Fault):
    """A column that the service has not, refused with an HTTP status and a text."""

    column: str = "isStale"
    status: int = 500
    is_json: bool = False

    def on_columns(self, columns: Columns, kind: RequestKind) -> Columns:
        if kind is RequestKind.COLUMNSCONFIG:
            return columns
        return {name: typed for name, typed in columns.items() if name != self.column}

    def on_reply(self, reply: Reply) -> Reply:
        answered = msgspec.json.decode(reply.body)
        if answered.get("status") != "ERROR":
            return reply
        body = reply.body if self.is_json else answered["msg"].encode()
        return replace(reply, body=body, status=self.status, content_type="text/plain")


@dataclass(frozen=True, slots=True)
class SlowInProportion(Fault):
    """What brings more than so many rows is given up by the gateway."""

    rows: int = 10

    def on_answer(self, answered: Answer, query: Query) -> Answer:
        columns = query.columns.count(",") + 1
        is_too_much = len(answered.rows) > self.rows and columns > 1
        return replace(answered, rows=[{"too": "much"}]) if is_too_much else answered

    def on_reply(self, reply: Reply) -> Reply:
        if b'"too"' not in reply.body:
            return reply
        return Reply(b"<html><body>504 Gateway Time-out</body></html>", 504, "text/html")


@dataclass(frozen=True, slots=True)
class SlowProgram(Fault):
    """What brings a row of one program is given up by the gateway, however few there are."""

    program: int

    def on_answer(self, answered: Answer, _query: Query) -> Answer:
        is_too_slow = any(row.get("program") == self.program for row in answered.rows)
        return replace(answered, rows=[{"too": "much"}]) if is_too_slow else answered

    on_reply = SlowInProportion.on_reply


@dataclass(frozen=True, slots=True)
class TooManyValues(Fault):
    """A filter of more than so many values is refused."""

    values: int = 10

    def on_query(self, query: Query) -> Query:
        if any(len(asked.values) > self.values for asked in query.filters):
            raise Unreadable("Too many values in a filter.")
        return query


@dataclass(frozen=True, slots=True)
class OverlappingPages(Fault):
    """Pages of at most so many rows without an order: from the second on, each has one twice and lacks another."""

    rows: int = 40

    def on_query(self, query: Query) -> Query:
        return replace(query, pagesize=min(query.pagesize, self.rows))

    def on_answer(self, answered: Answer, query: Query) -> Answer:
        if query.is_count or query.page == 1 or len(answered.rows) < 2:  # one to repeat, one to lack
            return answered
        return replace(answered, rows=[answered.rows[1], *answered.rows[1:]])


class RepeatedRow(Fault):
    """The last row comes once more, and is counted once."""

    def on_answer(self, answered: Answer, query: Query) -> Answer:
        return answered if query.is_count else replace(answered, rows=[*answered.rows, *answered.rows[-1:]])


@dataclass(frozen=True, slots=True)
class OldAnswers(Fault):
    """A cache that goes by the columns and filters alone: what was answered once is answered for ever."""

    kept: dict[str, Answer] = field(default_factory=dict)

    def on_answer(self, answered: Answer, query: Query) -> Answer:
        return self.kept.setdefault(f"{query.instrument} {query.columns} {query.filters} {query.page}", answered)


class NotANumber(Fault):
    """A number is missing as numpy and .NET write it."""

    def on_reply(self, reply: Reply) -> Reply:
        answered = msgspec.json.decode(reply.body)
        for number, row in enumerate(answered["data"]):
            row["fileSize"] = f"<{number % 3}>"
        body = msgspec.json.encode(answered)
        for number, written in enumerate((b"NaN", b"Infinity", b"-Infinity")):
            body = body.replace(f'"<{number}>"'.encode(), written)
        return replace(reply, body=body)


class OtherCase(Fault):
    """Columns come in capitals, however they were asked for."""

    def on_answer(self, answered: Answer, _query: Query) -> Answer:
        return replace(
            answered,
            fields=tuple((name.upper(), kind) for name, kind in answered.fields),
            rows=[{name.upper(): value for name, value in row.items()} for row in answered.rows],
        )


@dataclass(frozen=True, slots=True)
class LocalDates(Fault):
    """``date`` is so many milliseconds from ``date_mjd``: in the archive's own time, five hours behind UTC."""

    by: int = -5 * 3_600_000

    def on_answer(self, answered: Answer, _query: Query) -> Answer:
        return replace(answered, rows=[self._moved(row) for row in answered.rows])

    def _moved(self, row: Row) -> Row:
        written = str(row.get("date") or "")
        moved = f"/Date({int(written[6:-2]) + self.by})/" if written.startswith("/Date(") else None
        return {**row, "date": moved} if moved else row


class DatesInWords(Fault):
    """Dates of MJD come as text of ISO's form."""

    def on_answer(self, answered: Answer, _query: Query) -> Answer:
        return replace(
            answered,
            rows=[
                {
                    name: iso(from_mjd(value)) if name.endswith("_mjd") and isinstance(value, float) else value
                    for name, value in row.items()
                }
                for row in answered.rows
            ],
        )


@dataclass(frozen=True, slots=True)
class OtherValue(Fault):
    """A column has this value in every row."""

    column: str = "isStale"
    value: Value = "NaN"

    def on_answer(self, answered: Answer, query: Query) -> Answer:
        own = {self.column: self.value}
        return (
            answered
            if query.is_count
            else replace(answered, rows=[{**row, **own} if self.column in row else row for row in answered.rows])
        )


@dataclass(frozen=True, slots=True)
class OtherPaging(Fault):
    """What a page says of itself and of all of them, in other words."""

    said: Mapping[str, int]

    def on_answer(self, answered: Answer, _query: Query) -> Answer:
        return replace(answered, paging={**(answered.paging or {}), **self.said})


class OtherLevels(Fault):
    """Levels are words that no configuration knows."""

    def on_answer(self, answered: Answer, _query: Query) -> Answer:
        return replace(
            answered,
            rows=[
                {**row, "productLevel": f"Level {row['productLevel']}"} if "productLevel" in row else row
                for row in answered.rows
            ],
        )


class NamelessRefusal(Fault):
    """A refusal does not say what is refused."""

    def on_reply(self, reply: Reply) -> Reply:
        if b'"ERROR"' not in reply.body:
            return reply
        return replace(reply, body=protocol.encode_error("An error has occurred."))


class UnknownIsIgnored(Fault):
    """A column that is not known is left out without a word."""

    def on_query(self, query: Query) -> Query:
        known = [name for name in query.columns.split(",") if name in columns_of(query.instrument)]
        return query if query.is_count else replace(query, columns=",".join(known))


class AsText(Fault):
    """Programs are compared as text: one that is written with zeros before it is another."""

    def on_query(self, query: Query) -> Query:
        filters = tuple(
            msgspec.structs.replace(
                asked, values=["99997" if str(value).startswith("0") else value for value in asked.values]
            )
            for asked in query.filters
        )
        return replace(query, filters=filters)


class FirstValueAlone(Fault):
    """Of a filter's values only the first is heeded."""

    def on_query(self, query: Query) -> Query:
        filters = (msgspec.structs.replace(asked, values=asked.values[:1]) for asked in query.filters)
        return replace(query, filters=tuple(filters))


class WholeFile(Fault):
    """A range that was asked for is not heeded."""

    def on_reply(self, reply: Reply) -> Reply:
        return replace(reply, status=200)


class OtherBytes(Fault):
    """The last bytes of a file are others than its checksum is of."""

    def on_reply(self, reply: Reply) -> Reply:
        return replace(reply, body=reply.body[:-1] + b"x")


class OtherMissions(Fault):
    """The search of file sets has another pedigree than the keyword services."""

    def on_reply(self, reply: Reply) -> Reply:
        answered = msgspec.json.decode(reply.body)
        for row in answered["results"]:
            row["cal_ver"] = "0.0.1"
        return replace(reply, body=msgspec.json.encode(answered))
