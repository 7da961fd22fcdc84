"""The portal's replies: bytes in, rows that are still bytes out.

Rows are cut, not read: most of them are known already by their bytes, and need no reading.
Two envelopes are known. ``fields`` and ``data`` with an object a row is what the documentation shows;
``Tables`` with ``Fields`` and positional ``Rows`` is what gbrammer/mastquery reads first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from xxhash import xxh3_64_digest

from pedigreed.model.failure import UpstreamRefused, UpstreamUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

_SHOWN = 200


class _Paging(msgspec.Struct, rename="camel"):
    page: int | None = None
    pages_filtered: int | None = None
    rows_filtered: int | None = None


class _Field(msgspec.Struct):
    name: str


class _Table(msgspec.Struct, rename="pascal"):
    fields: list[_Field]
    rows: list[msgspec.Raw]


_OBJECTS = msgspec.json.Decoder(dict[str, object])
_ARRAYS = msgspec.json.Decoder(list[object])


@dataclass(frozen=True, slots=True)
class Page:
    """One page of an answer.

    Attributes:
        rows: the bytes of each row.
        names: the columns of positional rows; empty where each row names its own.
        number: which page the service says it is; None where it does not say.
        pages: how many pages it says there are; 1 where it does not say.
        total: how many rows it says there are in all pages; None where it does not say.
    """

    rows: list[msgspec.Raw]
    names: tuple[str, ...] = ()
    number: int | None = None
    pages: int = 1
    total: int | None = None

    @property
    def fingerprint(self) -> Callable[[msgspec.Raw], bytes]:
        """Row -> eight bytes that stand for its bytes and the columns they are in."""
        if not self.names:
            return xxh3_64_digest
        columns = "\n".join(self.names).encode()
        return lambda row: xxh3_64_digest(columns + memoryview(row))

    def read(self, row: msgspec.Raw) -> dict[str, object]:
        """Column -> value of one row. Raises `UpstreamUnavailable` if it is no row."""
        try:
            if not self.names:
                return _OBJECTS.decode(row)
            return dict(zip(self.names, _ARRAYS.decode(row), strict=False))
        except msgspec.DecodeError as error:
            raise UpstreamUnavailable(f"MAST sent a row that is no row: {error}") from error


class Reply(msgspec.Struct):
    """A reply, its rows cut."""

    status: str | None = None
    msg: str | None = None
    paging: _Paging | None = None
    data: list[msgspec.Raw] | None = None
    tables: list[_Table] | None = msgspec.field(default=None, name="Tables")

    @property
    def state(self) -> str:
        """``EXECUTING``, ``COMPLETE`` or ``ERROR``. A positional reply has no status, and is complete."""
        return (self.status or "COMPLETE").upper()

    @property
    def message(self) -> str:
        """The service's own words about it."""
        return self.msg or ""

    def page(self) -> Page:
        """One page of rows.

        Raises:
            UpstreamRefused: the service answered ERROR; the message is the service's own.
            UpstreamUnavailable: there is no table in it.
        """
        if self.state != "COMPLETE":
            raise UpstreamRefused(f"MAST answered {self.status}: {(self.msg or 'no message')[:_SHOWN]}")
        paging = self.paging or _Paging()
        place = (paging.page, max(1, paging.pages_filtered or 1), paging.rows_filtered)
        if self.tables:
            table = self.tables[0]
            return Page(table.rows, tuple(column.name for column in table.fields), *place)
        if self.data is None:
            raise UpstreamUnavailable("MAST answered COMPLETE without any table")
        return Page(self.data, (), *place)

    def count(self) -> int:
        """The one number of a ``COUNT_BIG(*)`` reply. Raises as `page`."""
        page = self.page()
        if len(page.rows) == 1:
            for value in page.read(page.rows[0]).values():
                try:
                    return int(str(value))
                except ValueError:
                    continue
        raise UpstreamUnavailable("MAST did not say how many rows there are")


# Not strict: numbers come as strings from some of the archive's services.
_REPLIES = msgspec.json.Decoder(Reply, strict=False)


def read_reply(body: bytes) -> Reply:
    """Read a reply's bytes, once.

    Raises:
        UpstreamUnavailable: they are no JSON, or of a form that is not known.
    """
    try:
        return _REPLIES.decode(body)
    except msgspec.ValidationError as error:
        raise UpstreamUnavailable(f"MAST answered in a form that is not known: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        kind = "HTML" if body.lstrip()[:1] == b"<" else "an empty body" if not body.strip() else "broken JSON"
        raise UpstreamUnavailable(f"MAST answered with {kind} instead of JSON") from error
