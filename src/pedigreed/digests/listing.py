"""Writes a list as a file: as it is, compressed where it is large, and cut where a mail could not hold it."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

PIECE = 65_536
"""Bytes that are compressed at a time, and the most by which a file passes its limit, but for one row."""

_GZIP = zlib.MAX_WBITS + 16
"""zlib writes gzip's header then, with no file name and no time: equal rows give equal bytes."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The content of a file, which can be cut between any two rows and is still well formed.

    Attributes:
        head: before the first row.
        rows: made as they are read, once.
        between: between two rows.
        tail: after the last row.
    """

    head: bytes
    rows: Iterable[bytes]
    between: bytes = b""
    tail: bytes = b""

    def whole(self) -> bytes:
        """All of it, as it is."""
        return self.head + self.between.join(self.rows) + self.tail


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a listing.

    Attributes:
        content: the file's bytes.
        rows: how many rows it holds, from the first.
        is_packed: whether the bytes are gzip's.
    """

    content: bytes
    rows: int
    is_packed: bool


def write(listing: Listing, *, plain: int, most: int) -> Written:
    """Write a listing, a piece at a time.

    Args:
        listing: what to write.
        plain: bytes that stay as they are; what is larger is compressed with gzip.
        most: compressed bytes after which no row is added.
    """
    pending, content = bytearray(listing.head), bytearray()
    packer = None
    rows = 0
    for row in listing.rows:
        pending += (listing.between if rows else b"") + row
        rows += 1
        if len(pending) <= (PIECE if packer else plain):
            continue
        packer = packer or zlib.compressobj(wbits=_GZIP)
        content += packer.compress(pending) + packer.flush(zlib.Z_SYNC_FLUSH)
        pending.clear()
        if len(content) >= most:
            break
    pending += listing.tail
    content += packer.compress(pending) + packer.flush() if packer else pending
    return Written(bytes(content), rows, packer is not None)
