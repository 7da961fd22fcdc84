"""The recorded archive's files: their bytes, in whole or in part, and the keyword record of one of them.

A file is a FITS header with its pedigree and empty blocks behind it, so that its MD5 is the row's checksum.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import msgspec

from pedigreed.demo.columnsconfig import DATES_WITHOUT_MJD
from pedigreed.demo.loopback import NOT_FOUND, Reply
from pedigreed.model.instant import from_mjd

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pedigreed.demo.filters import Row
    from pedigreed.demo.received import Received

DOWNLOADS = ("/search/jwst/api/v0.1/retrieve_product", "/api/v0.1/Download/file")
KEYWORDS = "/viz/api/v0.1/keywords/search"

_BLOCK = 2880
_CARD = 80
_MOST_BLOCKS = 4
_PRODUCT = "mast:JWST/product/"
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


def size_of(filename: str) -> int:
    """How large the file is, in bytes: a header and at least one block."""
    return _BLOCK * (2 + zlib.crc32(filename.encode()) % _MOST_BLOCKS)


def content_of(filename: str, cal_ver: str | None, crds_ctx: str | None, date_mjd: float) -> bytes:
    """The file with this pedigree."""
    made_at = from_mjd(date_mjd).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
    keywords = {"FILENAME": filename, "DATE": made_at, "CAL_VER": cal_ver, "CRDS_CTX": crds_ctx}
    texts = (f"{name:8}= '{value}'" for name, value in keywords.items() if value)
    cards = ("SIMPLE  =                    T", "BITPIX  =                    8", "NAXIS   =                    0")
    header = "".join(card[:_CARD].ljust(_CARD) for card in (*cards, *texts, "END"))
    return header.ljust(_BLOCK).encode("ascii").ljust(size_of(filename), b"\0")


def content_of_row(row: Row) -> bytes:
    """The file that a row is of."""
    date = row["date_mjd"]
    assert isinstance(date, float)
    return content_of(str(row["filename"]), _text(row["cal_ver"]), _text(row["crds_ctx"]), date)


def checksum_of(content: bytes) -> str:
    """MD5, as the archive gives it."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def file_reply(received: Received, rows: Sequence[Row], now: datetime) -> Reply:
    """A download, whole or in part, or a keyword record. What is not public asks for a token."""
    row = _asked_for(received, rows)
    if row is None:
        return NOT_FOUND
    if received.path == KEYWORDS:
        return Reply(msgspec.json.encode(_record(row)))
    released = row["publicReleaseDate_mjd"]
    if isinstance(released, float) and from_mjd(released) > now and "authorization" not in received.headers:
        return Reply(b'{"detail": "Unauthorized"}', 401)
    return _in_part(content_of_row(row), received.headers.get("range", ""))


def _asked_for(received: Received, rows: Sequence[Row]) -> Row | None:
    asked = parse_qs(urlsplit(received.target).query)
    name = (asked.get("product_name") or asked.get("uri") or [""])[0].removeprefix(_PRODUCT)
    return next((row for row in rows if row["filename"] == name), None)


def _in_part(content: bytes, asked: str) -> Reply:
    found = _RANGE.fullmatch(asked)
    kind, accepts = "application/fits", ("Accept-Ranges", "bytes")
    if found is None:
        return Reply(content, content_type=kind, headers=(accepts,))
    first = int(found[1])
    last = min(int(found[2] or len(content)), len(content) - 1)
    if first > last:
        return Reply(b"", 416, kind, (("Content-Range", f"bytes */{len(content)}"),))
    placed = ("Content-Range", f"bytes {first}-{last}/{len(content)}")
    return Reply(content[first : last + 1], 206, kind, (accepts, placed))


def _record(row: Row) -> Row:
    """Its row, with each date in two forms: ISO 8601 without a zone, and MJD."""
    record = {name: value for name, value in row.items() if name not in DATES_WITHOUT_MJD}
    for name, value in row.items():
        if name.endswith("_mjd") and isinstance(value, float):
            record[name.removesuffix("_mjd")] = from_mjd(value).strftime("%Y-%m-%dT%H:%M:%S.%f")
    return record


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
