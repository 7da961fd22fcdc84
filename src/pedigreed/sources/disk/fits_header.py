"""The pedigree in the primary header of a FITS file.

A header is a row of cards of 80 characters in blocks of 2880 bytes, and ends with the card END: see the FITS
Standard 4.0, sections 3.3 and 4. A JWST product has CAL_VER, CRDS_CTX and DATE there, each as a text.
Reading these three alone is much faster than reading every card, as astropy does.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import NamedTuple

from msgspec.structs import replace

from pedigreed.model.failure import Unreadable
from pedigreed.model.pedigree import Pedigree

BLOCK = 2880
"""Bytes."""

MOST_BLOCKS = 128
"""Of a primary header. Those of JWST have some ten; 128 hold 4,608 cards."""

CARD, KEYWORD = 80, 8
"""Bytes of a card, and of its name, which it begins with."""

_CAL_VER, _CRDS_CTX, _DATE, _SDP_VER = b"CAL_VER ", b"CRDS_CTX", b"DATE    ", b"SDP_VER "
_WANTED = frozenset((_CAL_VER, _CRDS_CTX, _DATE, _SDP_VER))
_DISPENSABLE = frozenset((_DATE, _SDP_VER))
"""The others are compared where one of these can't be read."""

ENDS = frozenset(b"END" + b" " * blanks + b"\0" * (5 - blanks) for blanks in range(6))
"""What the last card of a header begins with. Some pad with NUL."""

_CONTINUE = b"CONTINUE"
_PUB = b"crds-pub"
"""In the address of CRDS's other server, which ran until March 2023 and numbered its contexts differently."""

_FIRST = re.compile(rb"SIMPLE  = {1,30}T[ /]")
_BEFORE_2000 = re.compile(r"(\d\d)/(\d\d)/(\d\d)", re.ASCII)
"""Day, month, and the year of the 20th century: FITS Standard 4.0, section 4.4.2.1."""

_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?", re.ASCII)

_VALUE = re.compile(rb"= +(?:'((?:[^']|'')*)'|([^'/ ][^/]*))? *(?:/.*)?", re.DOTALL)


class Made(NamedTuple):
    """How a product was made, as its header says. `sdp_ver` is SDP_VER, or None."""

    pedigree: Pedigree
    sdp_ver: str | None


def made_in(header: bytes) -> Made | None:
    """How a product was made, by the bytes that its file begins with; None where more of them are needed.

    Raises:
        Unreadable: this is no FITS file, its header has no end, or its pedigree can't be read.
    """
    found = _values(header, _WANTED)
    if found is None:
        return None
    made = _made(found)
    if made.pedigree.crds_ctx is not None and _PUB in header:
        # Not of the form that has an order, so that it is not compared with the archive's.
        return made._replace(pedigree=replace(made.pedigree, crds_ctx=f"{made.pedigree.crds_ctx} (PUB)"))
    return made


def values_in(header: bytes, wanted: frozenset[str]) -> dict[str, str] | None:
    """The values of some keywords in the bytes that a file begins with; None where more of them are needed.

    Keywords that the header has not, and those without a value, are absent. Of one that stands twice the first
    counts. A text goes without the blanks that it ends with.

    Raises:
        Unreadable: this is no FITS file, its header has no end, or a value can't be read.
    """
    found = _values(header, frozenset(name.encode().ljust(KEYWORD) for name in wanted))
    return None if found is None else {keyword.decode().rstrip(): value for keyword, value in found.items()}


def _values(header: bytes, wanted: frozenset[bytes]) -> dict[bytes, str] | None:
    if not _begins_as_fits(header):
        return None
    found: dict[bytes, str] = {}
    for start in range(0, len(header) - CARD + 1, CARD):
        keyword = header[start : start + KEYWORD]
        if keyword in wanted and keyword not in found:
            value = _value(keyword, header, start)
            if value is not None:
                found[keyword] = value
                if len(found) == len(wanted):
                    return found
        elif keyword in ENDS:
            return found | _in_lower_case(header[:start], wanted - found.keys())
    if len(header) >= BLOCK * MOST_BLOCKS:
        raise Unreadable(f"its header has no end within {BLOCK * MOST_BLOCKS:,} bytes")
    return None


def _in_lower_case(cards: bytes, missing: frozenset[bytes]) -> dict[bytes, str]:
    """The values of keywords that somebody wrote in lower case. astropy reads those, too."""
    found: dict[bytes, str] = {}
    for start in range(0, len(cards), CARD) if missing else ():
        written = cards[start : start + KEYWORD]
        keyword = written.upper()
        if keyword != written and keyword in missing and keyword not in found:
            value = _value(keyword, cards, start)
            if value is not None:
                found[keyword] = value
    return found


def _begins_as_fits(header: bytes) -> bool:
    """Whether these are the first bytes of a FITS file. Raises `Unreadable` where they can't become them."""
    if _FIRST.match(header):
        return True
    if len(header) < CARD and b"SIMPLE  =".startswith(header[:9]):
        return False
    raise Unreadable("it is no FITS file")


def _value(keyword: bytes, header: bytes, start: int) -> str | None:
    """The value of the card that begins there as text; None where it has none. It ends in the comment, if any.

    A text that ends with "&" goes on in the next card, if that is CONTINUE: FITS Standard 4.0, section 4.2.1.2.
    """
    try:
        return _whole_value(keyword, header, start)
    except Unreadable:
        if keyword in _DISPENSABLE:
            return None
        raise


def _whole_value(keyword: bytes, header: bytes, start: int) -> str | None:
    text = _text(keyword, header[start + KEYWORD : start + CARD])
    while text and text.endswith("&"):
        start += CARD
        more = header[start : start + CARD]
        if len(more) < CARD:
            return None
        if not more.startswith(_CONTINUE):
            break
        text = text[:-1] + (_text(keyword, b"= " + more[KEYWORD:].lstrip(b" ")) or "")
    return text


def _text(keyword: bytes, rest: bytes) -> str | None:
    if not rest.startswith(b"= "):
        return None
    match = _VALUE.fullmatch(rest.rstrip(b"\0"))
    value = None if match is None else match[2] if match[1] is None else match[1].replace(b"''", b"'")
    if match is None or not (value or b"").isascii():
        raise Unreadable(f"the value of {keyword.decode().rstrip()} in its header can't be read")
    text = (value or b"").decode().rstrip(" ")
    if not text.isprintable():
        raise Unreadable(f"the value of {keyword.decode().rstrip()} in its header can't be read")
    return text


def _made(found: dict[bytes, str]) -> Made:
    cal_ver, crds_ctx, date, sdp_ver = (
        found.get(keyword) or None for keyword in (_CAL_VER, _CRDS_CTX, _DATE, _SDP_VER)
    )
    if cal_ver is None and crds_ctx is None and date is None:
        raise Unreadable("its header has no CAL_VER, no CRDS_CTX and no DATE")
    made_at = None
    try:
        made_at = date_of(date) if date else None
    except Unreadable as error:
        if cal_ver is None and crds_ctx is None:
            raise Unreadable(f"its header's DATE: {error}") from error
        # The other two are compared all the same.
    return Made(Pedigree(cal_ver, crds_ctx, made_at), sdp_ver)


def date_of(text: str) -> datetime:
    """The value of DATE, UTC: with an offset, without seconds, and in the form of before 2000 as well.

    Raises:
        Unreadable: it is none of these.
    """
    try:
        if old := _BEFORE_2000.fullmatch(text):
            day, month, year = map(int, old.groups())
            return datetime(1900 + year, month, day, tzinfo=UTC)
        if _ISO.fullmatch(text):
            read = datetime.fromisoformat(text)
            milliseconds = read.microsecond // 1_000
            return read.replace(microsecond=1_000 * milliseconds, tzinfo=read.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise Unreadable(f"{text[:40]!r} is no date")
