"""The pedigree in the primary header of a FITS file.

A header is a row of cards of 80 characters in blocks of 2880 bytes, and ends with the card END: see the FITS
Standard 4.0, sections 3.3 and 4. A JWST product has CAL_VER, CRDS_CTX and DATE there, each as a text.
Reading these three alone is much faster than reading every card, as astropy does.
"""

from __future__ import annotations

import re

from pedigreed.model.failure import Unreadable
from pedigreed.model.instant import parse_instant
from pedigreed.model.pedigree import Pedigree

BLOCK = 2880
"""Bytes."""

MOST_BLOCKS = 128
"""Of a primary header. Those of JWST have some ten; 128 hold 4,608 cards."""

_CARD = 80
_KEYWORD = 8
_CAL_VER, _CRDS_CTX, _DATE = b"CAL_VER ", b"CRDS_CTX", b"DATE    "
_WANTED = frozenset((_CAL_VER, _CRDS_CTX, _DATE))
_END = b"END     "
_FIRST = re.compile(rb"SIMPLE  = {1,30}T[ /]")
_VALUE = re.compile(rb"= +(?:'((?:[^']|'')*)'|([^'/ ][^/]*))? *(?:/.*)?", re.DOTALL)


def pedigree_in(header: bytes) -> Pedigree | None:
    """The pedigree in the bytes that a file begins with; None where more of them are needed.

    Of a keyword that stands twice the first counts. A text goes without the blanks that it ends with, and an empty
    one is no value.

    Raises:
        Unreadable: this is no FITS file, its header has no end, or its pedigree can't be read.
    """
    if not _begins_as_fits(header):
        return None
    found: dict[bytes, str] = {}
    for start in range(0, len(header) - _CARD + 1, _CARD):
        keyword = header[start : start + _KEYWORD]
        if keyword in _WANTED and keyword not in found:
            value = _value(keyword, header[start + _KEYWORD : start + _CARD])
            if value is not None:
                found[keyword] = value
                if len(found) == len(_WANTED):
                    return _pedigree(found)
        elif keyword == _END:
            return _pedigree(found)
    if len(header) >= BLOCK * MOST_BLOCKS:
        raise Unreadable(f"its header has no end within {BLOCK * MOST_BLOCKS:,} bytes")
    return None


def values_in(header: bytes, wanted: frozenset[str]) -> dict[str, str] | None:
    """The values of some keywords in the bytes that a file begins with; None where more of them are needed.

    Keywords that the header has not, and those without a value, are absent. Else as `pedigree_in`.

    Raises:
        Unreadable: this is no FITS file, its header has no end, or a value can't be read.
    """
    if not _begins_as_fits(header):
        return None
    found: dict[str, str] = {}
    for start in range(0, len(header) - _CARD + 1, _CARD):
        keyword = header[start : start + _KEYWORD]
        name = keyword.decode("ascii", "replace").rstrip()
        if name in wanted and name not in found:
            value = _value(keyword, header[start + _KEYWORD : start + _CARD])
            if value is not None:
                found[name] = value
        elif keyword == _END:
            return found
    if len(header) >= BLOCK * MOST_BLOCKS:
        raise Unreadable(f"its header has no end within {BLOCK * MOST_BLOCKS:,} bytes")
    return None


def _begins_as_fits(header: bytes) -> bool:
    """Whether these are the first bytes of a FITS file. Raises `Unreadable` where they can't become them."""
    if _FIRST.match(header):
        return True
    if len(header) < _CARD and b"SIMPLE  =".startswith(header[:9]):
        return False
    raise Unreadable("it is no FITS file")


def _value(keyword: bytes, rest: bytes) -> str | None:
    """The value of a card as text; None where the card has none. It ends in the comment, if there is one."""
    if not rest.startswith(b"= "):
        return None
    match = _VALUE.fullmatch(rest)
    value = None if match is None else match[2] if match[1] is None else match[1].replace(b"''", b"'")
    if match is None or not (value or b"").isascii():
        raise Unreadable(f"the value of {keyword.decode().rstrip()} in its header can't be read")
    text = (value or b"").decode().rstrip(" ")
    if not text.isprintable():
        raise Unreadable(f"the value of {keyword.decode().rstrip()} in its header can't be read")
    return text


def _pedigree(found: dict[bytes, str]) -> Pedigree:
    cal_ver, crds_ctx, date = (found.get(keyword) or None for keyword in (_CAL_VER, _CRDS_CTX, _DATE))
    if cal_ver is None and crds_ctx is None and date is None:
        raise Unreadable("its header has no CAL_VER, no CRDS_CTX and no DATE")
    try:
        return Pedigree(cal_ver, crds_ctx, parse_instant(date) if date else None)
    except Unreadable as error:
        raise Unreadable(f"its header's DATE: {error}") from error
