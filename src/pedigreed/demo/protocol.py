"""The portal's protocol: a request's text to a query, a query over rows to an answer, an answer to bytes.

Pure. What the service refuses is `Unreadable` with the service's own kind of message; the caller makes it a
reply with the status ERROR.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec

from pedigreed.demo.filters import Filter, Row, column_named, predicate_of
from pedigreed.model.failure import Unreadable
from pedigreed.model.instrument import Instrument

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pedigreed.demo.columnsconfig import ColumnType

SERVICE_PREFIX = "mast.jwst.filtered."
COUNT = "COUNT_BIG(*)"
COUNTED = "Column1"
"""SQL Server's name for a column that has none: where the count stands."""

_SELECTED = re.compile(r"\s*([A-Za-z][\w-]*)(?:\s+as\s+([A-Za-z][\w-]*))?\s*", re.IGNORECASE)


class _Params(msgspec.Struct, frozen=True):
    columns: str
    filters: list[Filter] = msgspec.field(default_factory=list)


class _MashupRequest(msgspec.Struct, frozen=True):
    service: str
    params: _Params
    page: int = 1
    pagesize: int = 1000
    removenullcolumns: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """What a request asks of a keyword service.

    Attributes:
        instrument: whose service.
        columns: what is asked for, as written: names and aliases, ``*``, or a count.
        filters: all must pass.
        page: from 1.
        pagesize: rows a page.
        drops_null_columns: whether columns without any value are left out.
    """

    instrument: Instrument
    columns: str
    filters: tuple[Filter, ...]
    page: int
    pagesize: int
    drops_null_columns: bool

    @property
    def is_count(self) -> bool:
        return self.columns.replace(" ", "").upper() == COUNT


@dataclass(frozen=True, slots=True)
class Answer:
    """The service's answer before it is bytes.

    Attributes:
        fields: (name, type) of each column.
        rows: this page's.
        paging: as the wire has it; None for an answer without.
        is_tabular: whether it goes out as ``Tables`` with positional rows.
    """

    fields: tuple[tuple[str, ColumnType], ...]
    rows: list[Row]
    paging: dict[str, int] | None
    is_tabular: bool = False


def instrument_of(service: str) -> Instrument:
    """The instrument of a service's name, in any case. Raises `Unreadable` for another service."""
    name = service.lower()
    try:
        return Instrument(name.removeprefix(SERVICE_PREFIX) if name.startswith(SERVICE_PREFIX) else "")
    except ValueError:
        raise Unreadable(f"Unknown service '{service}'.") from None


def parse_query(text: str) -> Query:
    """Read the JSON of a request. Raises `Unreadable`."""
    try:
        request = msgspec.json.decode(text, type=_MashupRequest)
    except msgspec.DecodeError as error:
        raise Unreadable(f"Invalid request: {error}.") from error
    if request.page < 1 or request.pagesize < 1:
        raise Unreadable("Invalid request: page and pagesize start at 1.")
    return Query(
        instrument=instrument_of(request.service),
        columns=request.params.columns,
        filters=tuple(request.params.filters),
        page=request.page,
        pagesize=request.pagesize,
        drops_null_columns=request.removenullcolumns,
    )


def answer(query: Query, rows: Iterable[Row], columns: Mapping[str, ColumnType]) -> Answer:
    """Select, filter, count or page the rows of the query's instrument. Raises `Unreadable`."""
    predicates = [predicate_of(asked, columns) for asked in query.filters]
    selected = () if query.is_count else _selected(query.columns, columns)
    instrume = query.instrument.value.upper()
    kept = [row for row in rows if row["instrume"] == instrume and all(passes(row) for passes in predicates)]
    if query.is_count:
        return Answer(((COUNTED, "int"),), [{COUNTED: len(kept)}], paging_of(1, query.pagesize, 1, 1))
    start = (query.page - 1) * query.pagesize
    page = kept[start : start + query.pagesize]
    answered = Answer(
        fields=tuple((name, columns[column]) for column, name in selected),
        rows=[{name: row.get(column) for column, name in selected} for row in page],
        paging=paging_of(query.page, query.pagesize, len(page), len(kept)),
    )
    return _without_null_columns(answered) if query.drops_null_columns else answered


def _selected(asked: str, columns: Mapping[str, ColumnType]) -> tuple[tuple[str, str], ...]:
    """(column, the name that it is answered under); SQL Server names every column that it does not know."""
    if asked.strip() == "*":
        return tuple((column, column) for column in columns)
    selected, refusals = [], []
    for part in asked.split(","):
        match = _SELECTED.fullmatch(part)
        if match is None:
            raise Unreadable(f"Incorrect syntax near '{part.strip() or ','}'.")
        try:
            selected.append((column_named(match[1], columns), match[2] or match[1]))
        except Unreadable as refusal:
            refusals.append(str(refusal))
    if refusals:
        raise Unreadable("\r\n".join(refusals))
    return tuple(selected)


def paging_of(page: int, pagesize: int, rows: int, total: int) -> dict[str, int]:
    """What is said of the rows: this page's number, size and rows, and how many there are on all pages."""
    return {
        "page": page,
        "pageSize": pagesize,
        "pagesFiltered": -(-total // pagesize),
        "rows": rows,
        "rowsFiltered": total,
        "rowsTotal": total,
    }


def _without_null_columns(answered: Answer) -> Answer:
    filled = {name for row in answered.rows for name, value in row.items() if value is not None}
    return replace(
        answered,
        fields=tuple(field for field in answered.fields if field[0] in filled),
        rows=[{name: value for name, value in row.items() if name in filled} for row in answered.rows],
    )


def encode(answered: Answer) -> bytes:
    """The bytes of a complete answer, in the envelope that it asks for."""
    reply: dict[str, Any] = {"status": "COMPLETE", "msg": ""}
    if answered.paging is not None:
        reply["paging"] = answered.paging
    fields = [{"name": name, "type": kind} for name, kind in answered.fields]
    if answered.is_tabular:
        reply["Tables"] = [{"Fields": fields, "Rows": _positional(answered)}]
    else:
        reply["fields"] = fields
        reply["data"] = answered.rows
    return msgspec.json.encode(reply)


def _positional(answered: Answer) -> Sequence[Sequence[object]]:
    return [[row.get(name) for name, _ in answered.fields] for row in answered.rows]


def encode_error(message: str) -> bytes:
    """The bytes of a refusal; it goes out with HTTP status 200."""
    return msgspec.json.encode({"status": "ERROR", "msg": message, "fields": [], "data": []})


def encode_executing() -> bytes:
    """The bytes of "not yet: send the same request again"."""
    return msgspec.json.encode({"status": "EXECUTING", "msg": "", "percent complete": 0.5})
