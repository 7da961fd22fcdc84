"""Whether a FITS file holds what its headers promise: one that was broken off or pieced together does not.

Each header says how large the data behind it are, and the next header begins behind those: FITS Standard 4.0,
sections 3.1, 4.4.1 and 7. Only headers are read, however large the file is.
"""

from __future__ import annotations

import math
import os
import re

from pedigreed.sources.disk.fits_header import BLOCK, CARD, ENDS, KEYWORD, MOST_BLOCKS

_READ = 4 * BLOCK
"""Bytes. The header of an extension mostly fits in."""

_MOST_EXTENSIONS = 1000
"""A product has some ten."""

_MOST_AXES = 999
_SIZE = re.compile(rb"(BITPIX|NAXIS|NAXIS[0-9]{1,3}|PCOUNT|GCOUNT) *= *(-?[0-9]{1,18}) *(?:/.*)?", re.DOTALL)


def broken_at(descriptor: int, size: int) -> str | None:
    """Why a product can't be whole, in plain words; None where it is, or its form is none of a product.

    Args:
        descriptor: of the file, whose primary header can be read.
        size: its bytes.

    Raises:
        OSError: it can't be read.
    """
    start = 0
    for number in range(_MOST_EXTENSIONS):
        if start == size:
            return None
        header = _header(descriptor, start)
        if number and not header.startswith(b"XTENSION"):
            # Behind a first header alone, it may be what somebody added.
            spliced = f"what follows its first {start:,} bytes is no part of it: it may be of two versions"
            return spliced if number > 1 else None
        cards = _cards(header)
        if cards is None:
            return f"it is cut off within the header that begins after {start:,} bytes"
        length = _length(cards)
        if length is None:
            return None
        start += length
        if start > size:
            return f"it is cut off: it has {size:,} bytes, and its headers tell of {start:,}"
    return None


def _header(descriptor: int, start: int) -> bytes:
    """The blocks up to the one with END; all that there is where none has it."""
    header = b""
    while _cards(header) is None and len(header) < BLOCK * MOST_BLOCKS:
        piece = os.pread(descriptor, _READ, start + len(header))
        if not piece:
            break
        header += piece
    return header


def _cards(header: bytes) -> list[bytes] | None:
    """The cards before END, or None where there is no END."""
    cards: list[bytes] = []
    for start in range(0, len(header) - CARD + 1, CARD):
        card = header[start : start + CARD]
        if card[:KEYWORD] in ENDS:
            return cards
        cards.append(card)
    return None


def _length(cards: list[bytes]) -> int | None:
    """Bytes of a header and of the data that it tells of, in whole blocks; None where it does not tell."""
    found = {match[1]: int(match[2]) for card in cards if (match := _SIZE.fullmatch(card))}
    axes = found.get(b"NAXIS", -1)
    if b"BITPIX" not in found or not 0 <= axes <= _MOST_AXES:
        return None
    lengths = [found.get(b"NAXIS%d" % number, 0) for number in range(1, axes + 1)]
    if lengths[:1] == [0]:
        # Random groups, which have a rule of their own.
        return None
    values = math.prod(lengths) if lengths else 0
    data = abs(found[b"BITPIX"]) // 8 * found.get(b"GCOUNT", 1) * (found.get(b"PCOUNT", 0) + values)
    return None if data < 0 else _blocks((len(cards) + 1) * CARD) + _blocks(data)


def _blocks(count: int) -> int:
    return -(-count // BLOCK) * BLOCK
