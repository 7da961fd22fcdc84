"""One row of a keyword service -> a Product. Lenient in form, strict in meaning."""

from __future__ import annotations

from functools import lru_cache
from sys import intern
from typing import TYPE_CHECKING

from pedigreed.model.failure import Unreadable
from pedigreed.model.instant import parse_instant
from pedigreed.model.pedigree import Pedigree
from pedigreed.model.product import Parameter, Product
from pedigreed.model.product_name import parse_product_name
from pedigreed.sources.mast.columns import MATCHING, SUBSTITUTES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pedigreed.model.instrument import Instrument

Row = dict[str, object]

_TRUE = frozenset(("t", "true", "1", "y", "yes"))
_FALSE = frozenset(("f", "false", "0", "n", "no", ""))
_COUNTS = frozenset(("ngroups", "noutputs", "substrt1", "substrt2", "subsize1", "subsize2"))
_FLAGS = frozenset(("tsovisit", "crowdfld"))


def product_of(row: Mapping[str, object], instrument: Instrument, fingerprint: bytes = b"") -> Product:
    """Read one row.

    Raises:
        Unreadable: the row names no file or no program, or a value of its pedigree is not of its form.
    """
    filename = _text(row.get("filename"))
    if filename is None:
        raise Unreadable("a row without a file name")
    name = parse_product_name(filename)
    program = _integer(row.get("program")) or name.program
    if program is None:
        raise Unreadable(f"{filename}: a row without a program")
    observation = name.observation if name.is_recognised else _integer(row.get("observtn"))
    return Product(
        filename=filename,
        instrument=instrument,
        program=program,
        observation=observation,
        level=_text(row.get("productLevel")) or name.level or "",
        fileset=_text(row.get("fileSetName")) or name.fileset,
        pedigree=Pedigree(
            _text(row.get("cal_ver")), _text(row.get("crds_ctx")), _instant(row, "date_mjd", filename)
        ),
        is_stale=_flag(row.get("isStale")),
        is_restricted=_flag(row.get("isRestricted")),
        public_at=_instant(row, "publicReleaseDate_mjd", filename),
        archived_at=_instant(row, "ingestCompletionDate_mjd", filename),
        observation_start=_instant(row, "date_obs_mjd", filename),
        size=_integer(row.get("fileSize")),
        checksum=_text(row.get("checksum")),
        fingerprint=fingerprint,
        parameters=_parameters(row),
    )


def archived_at(row: Mapping[str, object]) -> datetime | None:
    """When the archive finished ingesting the row's file, UTC; None where it does not say."""
    try:
        return _instant(row, "ingestCompletionDate_mjd", "")
    except Unreadable:
        return None


def _parameters(row: Mapping[str, object]) -> Mapping[str, Parameter]:
    """The values that CRDS matches by. Thousands of rows have the same, and share one mapping."""
    try:
        return _shared_parameters(*map(row.get, MATCHING))
    except TypeError:  # a value that is a list or an object has no hash
        return _read_parameters(*map(row.get, MATCHING))


def _read_parameters(*values: object) -> Mapping[str, Parameter]:
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


# Typed, since 1, 1.0 and true are one key otherwise.
_shared_parameters = lru_cache(maxsize=4096, typed=True)(_read_parameters)


def _text(value: object) -> str | None:
    if value is None:
        return None
    text = str(value).strip()
    # One version or filter stands in thousands of rows.
    return intern(text) if text else None


def _integer(value: object) -> int | None:
    """A whole number, also where it came as text or as ``5.0``. None for anything else."""
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    try:
        number = float(str(value))
        return int(number) if number == int(number) else None
    except (ValueError, OverflowError):
        return None


def _flag(value: object) -> bool | None:
    """A yes or no, also where it came as a word. None where it is neither."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in _TRUE:
        return True
    return False if value is not None and word in _FALSE else None


def _instant(row: Mapping[str, object], column: str, filename: str) -> datetime | None:
    value = row.get(column)
    if value is None or value == "":
        value = row.get(SUBSTITUTES[column])
    if value is None or value == "":
        return None
    try:
        return parse_instant(value if isinstance(value, int | float) else str(value))
    except Unreadable as error:
        raise Unreadable(f"{filename}: {column}: {error}") from error
