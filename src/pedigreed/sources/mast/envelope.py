"""Reads the replies of MAST's portal: their state, what they say of pages and totals, and their rows as bytes.

Rows are cut, not read: most of them are known already by their bytes, and need no reading.
Two envelopes are known. ``fields`` and ``data`` with an object a row is what the documentation shows;
``Tables`` with ``Fields`` and positional ``Rows`` is what gbrammer/mastquery reads first. Either may have either
kind of rows.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import msgspec
from xxhash import xxh3_64_digest

from pedigreed.model.failure import Unreadable, UpstreamRefused, UpstreamUnavailable
from pedigreed.sources.plain_text import plain_line

if TYPE_CHECKING:
    from collections.abc import Callable

Value = TypeVar("Value")

_LONGEST_MESSAGE = 1_000
_SHOWN = 200

_NO_NUMBER = re.compile(rb'"(?:[^"\\]|\\.)*+"|-?\b(?:NaN|Infinity|undefined)\b', re.DOTALL)
"""A JSON string, which stays as it is, or what Python, .NET and JavaScript write for no number."""


class _Paging(msgspec.Struct, rename="camel"):
    page: object = None
    pages_filtered: object = None
    rows_filtered: object = None


class _Field(msgspec.Struct):
    name: str


class _Table(msgspec.Struct, rename="pascal"):
    fields: list[_Field]
    rows: list[msgspec.Raw]


_OBJECTS = msgspec.json.Decoder(dict[str, object])
_ARRAYS = msgspec.json.Decoder(list[object])
_CUT_OBJECTS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_FIELDS = msgspec.json.Decoder(list[_Field])
_CUT_ARRAYS = msgspec.json.Decoder(list[msgspec.Raw])
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of an answer.

    Attributes:
        rows: the bytes of each row.
        names: the columns of positional rows; empty where each row names its own.
        number: which page the service says it is; None where it does not say.
        pages: how many pages it says there are; None where it does not say.
        total: how many rows it says there are in all pages; None where it does not say.
        note: what was odd in reading it; empty where nothing was.
    """

    rows: list[msgspec.Raw]
    names: tuple[str, ...] = ()
    number: int | None = None
    pages: int | None = None
    total: int | None = None
    note: str = ""

    @property
    def fingerprint(self) -> Callable[[msgspec.Raw], bytes]:
        """Row -> eight bytes that stand for its bytes and the columns they are in."""
        if not self.names:
            return xxh3_64_digest
        columns = "\n".join(self.names).encode()
        return lambda row: xxh3_64_digest(columns + memoryview(row))

    def read(self, row: msgspec.Raw) -> dict[str, object]:
        """Column -> value of one row. A value that does not parse stays as its bytes, a `msgspec.Raw`.

        Raises:
            Unreadable: it is no row of this page.
        """
        try:
            return self._with_columns(_ARRAYS.decode(row)) if self.names else _OBJECTS.decode(row)
        except _UNREADABLE:
            pass
        try:
            cut = self._with_columns(_CUT_ARRAYS.decode(row)) if self.names else _CUT_OBJECTS.decode(row)
        except _UNREADABLE as error:
            raise Unreadable(f"a row that is no row: {error}") from error
        return {column: _value(value) for column, value in cut.items()}

    def _with_columns(self, values: list[Value]) -> dict[str, Value]:
        if len(values) != len(self.names):
            raise Unreadable(f"a row of {len(values)} values in {len(self.names)} columns")
        return dict(zip(self.names, values, strict=True))


def _value(cut: msgspec.Raw) -> object:
    try:
        return msgspec.json.decode(cut)
    except _UNREADABLE:
        return cut


class Reply(msgspec.Struct):
    """A reply, its rows cut."""

    status: str | None = None
    msg: object = None
    paging: _Paging | None = None
    fields: msgspec.Raw = msgspec.Raw()
    data: list[msgspec.Raw] | None = None
    tables: list[_Table] | None = msgspec.field(default=None, name="Tables")
    note: str = msgspec.field(default="", name="what pedigreed noted")

    @property
    def state(self) -> str:
        """``COMPLETE``, ``ERROR``, or else that it is not ready: ``EXECUTING``, or a word that is not known.

        A positional reply has no status, and is complete.
        """
        return (self.status or "COMPLETE").upper()

    @property
    def is_ready(self) -> bool:
        """Whether asking again would bring nothing else."""
        return self.state in {"COMPLETE", "ERROR"}

    @property
    def message(self) -> str:
        """The service's own words about it, on one plain line."""
        said = self.msg if isinstance(self.msg, str) else "" if self.msg is None else repr(self.msg)
        return plain_line(said, _LONGEST_MESSAGE)

    def page(self) -> Page:
        """One page of rows.

        Raises:
            UpstreamRefused: the service answered ERROR; the message is the service's own.
            UpstreamUnavailable: there is no table in it.
        """
        if self.state != "COMPLETE":
            raise UpstreamRefused(f"MAST answered {self.state}: {self.message[:_SHOWN] or 'no message'}")
        paging = self.paging or _Paging()
        numbers = (paging.page, paging.pages_filtered, paging.rows_filtered)
        # What is below zero says that it is not known.
        number, pages, total = (n if n is not None and n >= 0 else None for n in map(_whole_number, numbers))
        place = (number, pages, total, self.note)
        if self.tables:
            table = self.tables[0]
            names = tuple(column.name for column in table.fields)
            return Page(table.rows, names if _are_positional(table.rows) else (), *place)
        if self.data is None and self.tables is None and self.status is None:
            raise UpstreamUnavailable("MAST answered without a status and without any table")
        # An empty answer may come without a table. What it says of its total is held against that, or a count.
        rows = self.data or []
        return Page(rows, self._names() if _are_positional(rows) else (), *place)

    def _names(self) -> tuple[str, ...]:
        try:
            return tuple(column.name for column in _FIELDS.decode(self.fields))
        except _UNREADABLE as error:
            raise UpstreamUnavailable("MAST sent rows without the names of their columns") from error

    def count(self) -> int:
        """The one number of a ``COUNT_BIG(*)`` reply. Raises as `page`."""
        page = self.page()
        if len(page.rows) == 1:
            # Unreadable is a ValueError too.
            with contextlib.suppress(ValueError):
                for value in page.read(page.rows[0]).values():
                    if (number := _whole_number(value)) is not None:
                        return number
        raise UpstreamUnavailable("MAST did not say how many rows there are")


def _are_positional(rows: list[msgspec.Raw]) -> bool:
    return bool(rows) and bytes(memoryview(rows[0])[:1]) == b"["


def _whole_number(value: object) -> int | None:
    """A number, also where it is written as text: ``66``, ``"66"``, ``"1,066"``. None for anything else."""
    try:
        number = float(value.replace(",", "") if isinstance(value, str) else value)  # type: ignore[arg-type]  # what is none fails
        return int(number) if number == int(number) else None
    except (TypeError, ValueError, OverflowError):
        return None


_REPLIES = msgspec.json.Decoder(Reply)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_reply(body: bytes) -> Reply:
    """Read a reply's bytes, once. A NaN or Infinity in it is read as null.

    Raises:
        UpstreamUnavailable: they are no JSON, or of a form that is not known.
    """
    body = body.removeprefix(_BYTE_ORDER_MARK).rstrip(b"\0 \t\r\n")
    try:
        try:
            return _REPLIES.decode(body)
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError:
            # Only where it can't be read otherwise, since it costs as much as the reading.
            mended = _NO_NUMBER.sub(lambda found: b"null" if found[0][:1] != b'"' else found[0], body)
            if mended == body:
                raise
            reply = _REPLIES.decode(mended)
            reply.note = "values that are no numbers (NaN, Infinity) were read as null"
            return reply
    except msgspec.ValidationError as error:
        raise UpstreamUnavailable(f"MAST answered in a form that is not known: {error}") from error
    except _UNREADABLE as error:
        kind = "HTML" if body.lstrip()[:1] == b"<" else "an empty body" if not body.strip() else "broken JSON"
        raise UpstreamUnavailable(f"MAST answered with {kind} instead of JSON") from error
