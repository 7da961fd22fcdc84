"""What is assumed of the archive's files: the keyword record of one, and its download."""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from pedigreed.digests.wording import product_file
from pedigreed.doctor.assumption import Assumption
from pedigreed.model.instant import ROUNDING, from_mjd, parse_instant
from pedigreed.net.exchange import Answer

if TYPE_CHECKING:
    from pedigreed.doctor.assumption import Finding
    from pedigreed.doctor.control import Control, Row
    from pedigreed.net.exchange import NoAnswer

_BLOCK = 2880
_MOST = 4_000_000
"""Bytes that are downloaded whole, to see their checksum."""

KEYWORDS = Assumption(
    "keyword record of one file",
    "the viz service gives one file's keywords, with the pedigree that its row has",
    "STScI's page on the API has a record",
    "files of a level that MAST does not list are judged by their exposure alone, and fetched without their MD5",
)


def _keywords(of: Control) -> Finding:
    row = _smallest(of) or next(iter(of.rows.values()))
    uri = quote(f"mast:JWST/product/{row['filename']}", safe="")
    came = of.get(f"/viz/api/v0.1/keywords/search?uri={uri}")
    if not isinstance(came, Answer) or came.status != HTTPStatus.OK:
        return KEYWORDS.wrong(_failure(came))
    record = msgspec.json.decode(came.body)
    if not isinstance(record, dict):
        return KEYWORDS.wrong("no record of keywords")
    differing = [name for name in ("filename", "cal_ver", "crds_ctx") if record.get(name) != row.get(name)]
    made = parse_instant(str(record["date"]))
    if abs(made - from_mjd(float(str(row["date_mjd"])))) > ROUNDING:
        differing.append("date")
    came_of_it = f"{len(record):,} keywords" + (f", another {', '.join(differing)}" if differing else "")
    return KEYWORDS.judged(not differing, came_of_it, keywords=len(record), differing=differing)


DOWNLOAD = Assumption(
    "download of one file",
    "a file can be had in part, and has the size and the MD5 that its row says",
    "astroquery downloads so; the checksums have 32 hex digits",
    "what the digests say of downloading does not work, or brings another file than was told of",
)


def _download(of: Control) -> Finding:
    row = _smallest(of)
    if row is None:
        return DOWNLOAD.unknown("no row has a size")
    size = int(str(row["fileSize"]))
    path = product_file(str(row["filename"]), mast="")
    if problem := _wrong_with_part(of.get(path, {"Range": f"bytes=0-{_BLOCK - 1}"}), size):
        return DOWNLOAD.wrong(problem, size=size)
    if size > _MOST:
        return DOWNLOAD.right(f"ranges and size as expected; {size:,} bytes are too many for the MD5", size=size)
    whole = of.get(path)
    if not isinstance(whole, Answer) or whole.status != HTTPStatus.OK or whole.trouble is not None:
        return DOWNLOAD.wrong(_failure(whole), size=size)
    checksum = hashlib.md5(whole.body, usedforsecurity=False).hexdigest()
    is_same = checksum == str(row.get("checksum")).lower()
    words = "ranges, size and MD5 as expected" if is_same else "another MD5 than the row says"
    return DOWNLOAD.judged(is_same and len(whole.body) == size, words, size=size)


def _wrong_with_part(part: Answer | NoAnswer, size: int) -> str | None:
    if not isinstance(part, Answer) or part.status not in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
        return _failure(part)
    if part.status != HTTPStatus.PARTIAL_CONTENT:
        return "no ranges: the whole file comes"
    size_said = part.headers.get("Content-Range", "").rpartition("/")[2]
    if size_said != str(size) or len(part.body) != min(_BLOCK, size):
        return f"a size of {size_said or 'nothing'}, and the row says {size:,}"
    return None if part.body.startswith(b"SIMPLE  =") else "what came is no FITS"


def _smallest(of: Control) -> Row | None:
    sized = (row for row in of.rows.values() if row.get("fileSize"))
    return min(sized, key=lambda row: int(str(row["fileSize"])), default=None)


def _failure(came: Answer | NoAnswer) -> str:
    if came.trouble is not None:
        return came.trouble.words
    assert isinstance(came, Answer)
    return f"HTTP {came.status}"


CHECKS = ((KEYWORDS, _keywords), (DOWNLOAD, _download))
