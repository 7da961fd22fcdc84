"""Decompresses the bytes of an HTTP answer, within limits on what they become and on the work that they make."""

from __future__ import annotations

import zlib
from io import BytesIO

from pedigreed.model.failure import Unreadable

_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
_PLAIN = frozenset({"", "identity"})
_COMPRESSED = frozenset({"gzip", "x-gzip", "deflate"})
_BEGIN_TEXTS = frozenset({b"<", b"{", b"[", b" ", b"\t", b"\r", b"\n", b"\xef"})
"""First bytes of markup and JSON, be it with a byte order mark."""
_GZIP_MAGIC = b"\x1f\x8b"
_DEFLATED = 8
_HEADER = 2
"""Bytes that tell whether what follows is compressed."""

_MOST_MEMBERS = 10_000
"""Of one gzip file. Each is work, and may be empty."""

_MOST_PIECES = 10_000
_SMALLEST_PIECE = 256
"""Bytes on the average, beyond so many pieces: each is work, and an answer in single bytes takes a core."""


class Inflating:
    """Takes the pieces of a body as they come, compressed or not. At most `largest` + 1 bytes are kept.

    Some servers name a compression, or what is none, and send the body as it is. Such a body is taken as it is.
    """

    def __init__(self, encoding: str, largest: int) -> None:
        """Begin with nothing.

        Args:
            encoding: the value of Content-Encoding; may be empty.
            largest: bytes that may come of it.
        """
        coding = encoding.strip().lower()
        self._largest = largest
        self._body = BytesIO()
        self._head = bytearray()
        self._behind = b""
        self._members = 1
        self._is_undecided = coding not in _PLAIN
        self._is_of_another_way = self._is_undecided and coding not in _COMPRESSED
        self._inflater: zlib._Decompress | None = None

    @property
    def body(self) -> bytes:
        """What was made of it so far, no more than `largest` bytes."""
        # What a BytesIO has is given without a copy, unless more is written.
        return (self._body.getvalue() or bytes(self._head))[: self._largest]

    @property
    def is_too_long(self) -> bool:
        """Whether there is more than may be."""
        return self._body.tell() > self._largest

    @property
    def is_whole(self) -> bool:
        """Whether the compression came to its end."""
        return self._inflater is None or self._inflater.eof

    def take(self, piece: bytes) -> None:
        """Add a piece.

        Raises:
            Unreadable: it begins compressed and is not, or is compressed in a way that is not known here.
        """
        if self._is_undecided:
            self._head += piece
            if len(self._head) < _HEADER:
                return
            self._is_undecided = False
            piece = bytes(self._head)
            self._head.clear()
            if _is_compressed(piece):
                self._inflater = zlib.decompressobj(_GZIP_OR_ZLIB)
            elif self._is_of_another_way and piece[:1] not in _BEGIN_TEXTS:
                raise Unreadable("the answer is compressed in a way that was not asked for")
        if self._inflater is None:
            self._body.write(piece[: self._room])
            return
        try:
            while piece and self._room:
                if self._inflater.eof and not (piece := self._next_member(piece)):
                    return
                self._body.write(self._inflater.decompress(piece, self._room))
                piece = self._inflater.unused_data
        except zlib.error:
            raise Unreadable("the answer does not decompress") from None

    @property
    def _room(self) -> int:
        return max(0, self._largest + 1 - self._body.tell())

    def _next_member(self, piece: bytes) -> bytes:
        """What to go on with behind a member of gzip (RFC 1952, 2.2): another one, or nothing of what is there."""
        behind, self._behind = self._behind + piece, b""
        if len(behind) < _HEADER and _GZIP_MAGIC.startswith(behind):
            self._behind = behind
            return b""
        if not behind.startswith(_GZIP_MAGIC):
            return b""
        self._members += 1
        if self._members > _MOST_MEMBERS:
            raise Unreadable(f"the answer is compressed in more than {_MOST_MEMBERS:,} parts")
        self._inflater = zlib.decompressobj(_GZIP_OR_ZLIB)
        return behind


def are_too_small(pieces: int, received: int) -> bool:
    """Whether so many pieces of an answer are too many for the bytes that came in them."""
    return pieces > _MOST_PIECES + received // _SMALLEST_PIECE


def inflated(compressed: bytes, largest: int) -> bytes:
    """What gzip or zlib made of it.

    Raises:
        Unreadable: it is longer than `largest` bytes, is broken, or breaks off.
    """
    if len(compressed) < _HEADER or not _is_compressed(compressed):
        raise Unreadable("it does not decompress")
    inflating = Inflating("gzip", largest)
    inflating.take(compressed)
    if inflating.is_too_long:
        raise Unreadable(f"it expands to more than {largest:,} bytes")
    if not inflating.is_whole:
        raise Unreadable("it breaks off within what is compressed")
    return inflating.body


def _is_compressed(head: bytes) -> bool:
    """Whether the header is that of gzip (RFC 1952) or of zlib (RFC 1950)."""
    is_zlib = head[0] & 0x0F == _DEFLATED and int.from_bytes(head[:2]) % 31 == 0
    return is_zlib or head.startswith(_GZIP_MAGIC)
