"""Reads one row of a keyword service as a Product.

Only the file's name, its program and its pedigree are needed. Any other value that is not of its form is left
out, and said.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from sys import intern
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from pedigreed.model.failure import Unreadable
from pedigreed.model.instant import from_mjd, parse_instant, to_mjd
from pedigreed.model.pedigree import Pedigree
from pedigreed.model.product import Parameter, Product
from pedigreed.model.product_name import parse_product_name
from pedigreed.model.program import Proposal
from pedigreed.sources.mast.query import MATCHING, SUBSTITUTES, is_missing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from collections.abc import Set as AbstractSet

    from pedigreed.model.instrument import Instrument

Row = dict[str, object]
Value = TypeVar("Value")

_TRUE = frozenset(("t", "true", "1", "y", "yes"))
_FALSE = frozenset(("f", "false", "0", "n", "no"))
_COUNTS = frozenset(("ngroups", "noutputs", "substrt1", "substrt2", "subsize1", "subsize2"))
_FLAGS = frozenset(("tsovisit", "crowdfld"))
_LONGEST_FILENAME = 255
_LARGEST_PROGRAM = 99_999
_INT32 = 1 << 31
_INT64 = 1 << 63
_YEARS = range(1900, 3000)
_FIRST_MJD, _LAST_MJD = (to_mjd(datetime(year, 1, 1, tzinfo=UTC)) for year in (_YEARS.start, _YEARS.stop))
_SHOWN = 40
_LONGEST_TITLE = 300
_LONGEST_NAME = 100


def _unheard(_column: str, _problem: str) -> None:
    pass


def product_of(
    row: Mapping[str, object],
    instrument: Instrument,
    fingerprint: bytes = b"",
    odd: Callable[[str, str], None] = _unheard,
) -> Product:
    """Read one row.

    Args:
        row: column -> value.
        instrument: whose service it came from.
        fingerprint: of the row's bytes.
        odd: is told the column and the problem of each value that is left out.

    Raises:
        Unreadable: the row names no file or no program, or a value of its pedigree is not of its form.
    """
    filename = _filename(row)
    name = parse_product_name(filename)
    try:
        common = _shared(_in_common, *map(row.get, _IN_COMMON))
    except Unreadable as error:
        raise Unreadable(f"{filename}: {error}") from error
    return Product(
        filename=filename,
        instrument=instrument,
        program=_program(row, filename, name.program),
        observation=name.observation
        if name.is_recognised
        else _whole_number(row, "observtn", filename, odd, _INT32),
        level=common.level or name.level or "",
        fileset=_text(row.get("fileSetName")) or name.fileset,
        pedigree=Pedigree(common.cal_ver, common.crds_ctx, _instant(row, "date_mjd", filename)),
        is_stale=_said(row, "isStale", filename, odd),
        public_at=_secondary_instant(row, "publicReleaseDate_mjd", filename, odd),
        archived_at=_secondary_instant(row, "ingestCompletionDate_mjd", filename, odd),
        observation_start=_secondary_instant(row, "expstart", filename, odd)
        or _secondary_instant(row, "date_obs_mjd", filename, odd),
        size=_whole_number(row, "fileSize", filename, odd, _INT64),
        checksum=_text(row.get("checksum")),
        fingerprint=fingerprint,
        sdp_ver=common.sdp_ver,
        target=common.target,
        proposal=common.proposal,
        parameters=common.parameters,
    )


def check_keys(row: Mapping[str, object], required: AbstractSet[str]) -> None:
    """Raises `Unreadable` where a row lacks a key. One that is there with null is not lacking."""
    if not row.keys() >= required:
        absent = required - row.keys()
        raise Unreadable(f"{_text(row.get('filename'))}: a row without {', '.join(sorted(absent))}")


def program_of(row: Mapping[str, object]) -> int | None:
    """The program that a row is of, also where the rest of it can't be read; None where it does not say."""
    try:
        filename = _filename(row)
    except Unreadable:
        filename = ""
    named = parse_product_name(filename).program
    try:
        return _program(row, filename, named)
    except Unreadable:
        return named


def archived_at(row: Mapping[str, object]) -> datetime | None:
    """When the archive finished ingesting the row's file, UTC; None where it does not say."""
    return _secondary_instant(row, "ingestCompletionDate_mjd", "", _unheard)


def _filename(row: Mapping[str, object]) -> str:
    filename = _text(row.get("filename"))
    if filename is None:
        raise Unreadable("a row without a file name")
    if len(filename) > _LONGEST_FILENAME:
        raise Unreadable(f"a file name of {len(filename)} characters")
    return filename


def _program(row: Mapping[str, object], filename: str, named: int | None) -> int:
    """The row's program, or else the one that its file's name has."""
    value = row.get("program")
    program = value if type(value) is int else named if is_missing(value) else _integer(value)
    if program is None and is_missing(value):
        raise Unreadable(f"{filename}: a row without a program")
    if program is None or not 1 <= program <= _LARGEST_PROGRAM:
        raise Unreadable(f"{filename}: program: {_shown(value)} is no program")
    return program


def keyword_of(row: Mapping[str, object], column: str, filename: str) -> str | None:
    """A keyword of the pedigree; None where it is null or says so, as it is for an uncalibrated product."""
    try:
        return _keyword(column, row.get(column))
    except Unreadable as error:
        raise Unreadable(f"{filename}: {error}") from error


def _keyword(column: str, value: object) -> str | None:
    text = _text(value)
    if text is not None and not isinstance(value, bool):
        return None if is_missing(text) else text
    if is_missing(value):
        return None
    raise Unreadable(f"{column}: {_shown(value)} is no text")


class _InCommon(NamedTuple):
    """What thousands of rows have in common; see `Product`."""

    level: str | None
    cal_ver: str | None
    crds_ctx: str | None
    sdp_ver: str | None
    target: str | None
    proposal: Proposal | None
    parameters: Mapping[str, Parameter]


_IN_COMMON = ("productLevel", "cal_ver", "crds_ctx", "sdp_ver", "targname", "title", "pi_name", *MATCHING)
"""The columns of it."""


def _in_common(*values: object) -> _InCommon:
    level, cal_ver, crds_ctx, sdp_ver, target, title, pi_name, *matching = values
    return _InCommon(
        _text(level),
        _keyword("cal_ver", cal_ver),
        _keyword("crds_ctx", crds_ctx),
        _text(sdp_ver),
        _name(target, _LONGEST_NAME),
        _proposal(title, pi_name),
        _parameters(*matching),
    )


def _shared(read: Callable[..., Value], *values: object) -> Value:
    """What is read from values that thousands of rows have in common. It is read once."""
    try:
        found: Value = _shared_readings(read, *values)
    except TypeError:  # a value that is a list or an object has no hash
        found = read(*values)
    return found


# Typed, since 1, 1.0 and true are one key otherwise.
@lru_cache(maxsize=2_048, typed=True)
def _shared_readings(read: Callable[..., Value], *values: object) -> Value:
    return read(*values)


def _proposal(title: object, pi_name: object) -> Proposal | None:
    """What the program is called, and whose it is."""
    names = _name(title, _LONGEST_TITLE), _name(pi_name, _LONGEST_NAME)
    return None if names == (None, None) else Proposal(*names)


def _name(value: object, longest: int) -> str | None:
    """A name for people to read, of one line and no more characters than that."""
    text = _text(value)
    return None if text is None else intern(" ".join(text.split())[:longest])


def _parameters(*values: object) -> Mapping[str, Parameter]:
    """The values that CRDS matches by, in the order of `MATCHING`."""
    found: dict[str, Parameter] = {}
    for column, value in zip(MATCHING, values, strict=True):
        read: Parameter | None
        if column in _COUNTS:
            read = _integer(value)
        elif column in _FLAGS:
            read = _flag(value)
        else:
            read = _text(value)
        if read is not None:
            found[column] = read
    return found


def _text(value: object) -> str | None:
    """Text on one line, without what terminals and databases stumble over. None for a list or an object."""
    if isinstance(value, str):
        text = value.strip() if value.isprintable() else _printable(value).strip()
    elif isinstance(value, int | float):
        text = str(value)
    else:
        return None
    return text or None


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " * letter.isspace() for letter in text)


def _whole_number(
    row: Mapping[str, object], column: str, filename: str, odd: Callable[[str, str], None], limit: int
) -> int | None:
    value = row.get(column)
    number = value if type(value) is int else _integer(value)
    if number is not None and -limit <= number < limit:
        return number
    if not is_missing(value):
        odd(column, f"{filename}: {_shown(value)} is no number for it")
    return None


def _integer(value: object) -> int | None:
    """A whole number of 64 bits, also where it came as text or as ``5.0``. None for anything else."""
    number: int | None = None
    if isinstance(value, int) and not isinstance(value, bool):
        number = value
    elif isinstance(value, str | float):
        try:
            read = float(value)
            number = int(read) if read == int(read) else None
        except (ValueError, OverflowError):
            return None
    return number if number is not None and -_INT64 <= number < _INT64 else None


def _said(row: Mapping[str, object], column: str, filename: str, odd: Callable[[str, str], None]) -> bool | None:
    value = row.get(column)
    flag = _flag(value)
    if flag is None and not is_missing(value):
        odd(column, f"{filename}: {_shown(value)} is no yes or no")
    return flag


def _flag(value: object) -> bool | None:
    """A yes or no, also where it came as a word. None where it is neither."""
    if isinstance(value, bool):
        return value
    if not isinstance(value, str | int | float):
        return None
    word = str(value).strip().lower()
    if word in _TRUE:
        return True
    return False if word in _FALSE else None


def _instant(row: Mapping[str, object], column: str, filename: str) -> datetime | None:
    value = row.get(column)
    if type(value) is float and _FIRST_MJD <= value < _LAST_MJD:
        # Nearly all are so.
        return from_mjd(value)
    if is_missing(value):
        column = SUBSTITUTES[column]
        value = row.get(column)
    if is_missing(value):
        return None
    if isinstance(value, bool) or not isinstance(value, float | str | int):
        raise Unreadable(f"{filename}: {column}: {_shown(value)} is no date")
    try:
        instant = from_mjd(value) if isinstance(value, float) else parse_instant(value)
    except Unreadable as error:
        raise Unreadable(f"{filename}: {column}: {error}") from error
    if instant.year not in _YEARS:
        raise Unreadable(f"{filename}: {column}: a date in the year {instant.year}")
    return instant


def _secondary_instant(
    row: Mapping[str, object], column: str, filename: str, odd: Callable[[str, str], None]
) -> datetime | None:
    try:
        return _instant(row, column, filename)
    except Unreadable as error:
        odd(column, str(error))
        return None


def _shown(value: object) -> str:
    """A value for a message: in quotes, on one line, cut."""
    text = _text(value) if isinstance(value, str | int | float) else None
    return "a value of another form" if text is None else repr(text[:_SHOWN])
