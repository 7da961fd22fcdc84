"""A compressed body, of which no more is made than was asked for."""

from __future__ import annotations

import zlib

from pedigreed.model.failure import Unreadable

_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
_PLAIN = frozenset({"", "identity"})
_COMPRESSED = frozenset({"gzip", "x-gzip", "deflate"})


class Inflating:
    """Takes the pieces of a body as they come. At most `largest` + 1 bytes are kept.

    Attributes:
        body: what was made of it so far.
    """

    def __init__(self, encoding: str, largest: int) -> None:
        """Raises `Unreadable` for a Content-Encoding that was not asked for."""
        coding = encoding.strip().lower()
        if coding not in _PLAIN | _COMPRESSED:
            raise Unreadable("the answer is compressed in a way that was not asked for")
        self.body = bytearray()
        self._largest = largest
        self._inflater = zlib.decompressobj(_GZIP_OR_ZLIB) if coding in _COMPRESSED else None

    @property
    def is_too_long(self) -> bool:
        """Whether there is more than may be."""
        return len(self.body) > self._largest

    @property
    def is_whole(self) -> bool:
        """Whether the compression came to its end."""
        return self._inflater is None or self._inflater.eof

    def take(self, piece: bytes) -> None:
        """Raises `Unreadable` for what is not compressed as it says."""
        room = self._largest + 1 - len(self.body)
        if room <= 0:
            return
        try:
            self.body += piece[:room] if self._inflater is None else self._inflater.decompress(piece, room)
        except zlib.error:
            raise Unreadable("the answer does not decompress") from None
