"""Compressed bytes, expanded within a limit."""

from __future__ import annotations

import zlib

from pedigreed.model.failure import UpstreamUnavailable

_GZIP_OR_ZLIB = 47


def expanded(compressed: bytes, largest: int) -> bytes:
    """What gzip or zlib made of it. No more than `largest` bytes are ever held.

    Raises:
        UpstreamUnavailable: it is longer, is broken, or breaks off.
    """
    expander = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        whole = expander.decompress(compressed, largest + 1)
    except zlib.error as error:
        raise UpstreamUnavailable("CRDS's reply does not decompress") from error
    if len(whole) > largest:
        raise UpstreamUnavailable(f"CRDS's reply expands to more than {largest:,} bytes")
    if not expander.eof:
        raise UpstreamUnavailable("CRDS's reply breaks off within what is compressed")
    return whole
