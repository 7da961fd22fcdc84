"""Pedigree: which pipeline (and DMS build), which reference files and when: CAL_VER, CRDS_CTX and DATE."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from functools import cache, lru_cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct
from packaging.version import Version

from pedigreed.model.instant import same_instant

if TYPE_CHECKING:
    from collections.abc import Mapping

Ordered = TypeVar("Ordered", Version, int)

_CONTEXT = re.compile(r"(?:jwst_)?(\d{1,6})(?:\.pmap)?", re.IGNORECASE)


@lru_cache(maxsize=1024)
def version_of(cal_ver: str) -> Version | None:
    """CAL_VER in PEP 440 order (``1.9.6 < 1.13.3``, ``3.0.0rc1 < 3.0.0``).

    None where the text is not of that form.
    """
    try:
        return Version(cal_ver)
    except ValueError:  # InvalidVersion, or a number too long to read
        return None


@lru_cache(maxsize=4096)
def context_number(crds_ctx: str) -> int | None:
    """The number of a context (``jwst_1535.pmap`` -> 1535), or None where the text is not of that form."""
    match = _CONTEXT.fullmatch(crds_ctx.strip())
    return int(match[1]) if match else None


def is_step_back(before: str | None, context: str) -> bool:
    """Whether the context before has the higher number. Numbers grow with deliveries."""
    here, there = context_number(context), context_number(before) if before else None
    return here is not None and there is not None and here < there


def context_name(crds_ctx: str | None) -> str | None:
    """A context as people write it: ``jwst_1535``. What is not of the form stays as it is."""
    if crds_ctx is None:
        return None
    number = context_number(crds_ctx)
    return crds_ctx if number is None else f"jwst_{number:04d}"


class Step(Enum):
    """How one keyword moved between two pedigrees."""

    LOWER = -1
    SAME = 0
    HIGHER = 1
    UNORDERED = 2
    """The two differ, and at least one of them is missing or not of the known form."""


# As `Product`, which has one.
class Pedigree(Struct, frozen=True, gc=False, array_like=True):
    """The pedigree of one product.

    Attributes:
        cal_ver: the pipeline's version as the header has it; None for an uncalibrated product.
        crds_ctx: the CRDS context as the header has it; None for an uncalibrated product.
        date: when the file was made, UTC; None where the archive has none.
    """

    cal_ver: str | None
    crds_ctx: str | None
    date: datetime | None

    def is_newer_than(self, copy: Pedigree) -> bool:
        """MAST's rule: a copy is out of date if either keyword is higher here, or DATE is later."""
        return self.has_more_than(copy) or self._date_step(copy) is Step.HIGHER

    def has_more_than(self, other: Pedigree) -> bool:
        """Whether a keyword, CAL_VER or CRDS_CTX, is higher here."""
        return Step.HIGHER in (self._cal_ver_step(other), self._crds_ctx_step(other))

    def went_down_from(self, before: Pedigree) -> bool:
        """Whether the product was made with less than before.

        A keyword is lower and none is higher, whatever DATE says.
        Or the keywords are the same, and DATE is earlier.
        """
        keywords = self._cal_ver_step(before), self._crds_ctx_step(before)
        if Step.HIGHER in keywords:
            return False
        if Step.LOWER in keywords:
            return True
        return keywords == (Step.SAME, Step.SAME) and self._date_step(before) is Step.LOWER

    def same_as(self, other: Pedigree) -> bool:
        """Whether both say the same, DATE within the archive's rounding."""
        return (
            self.cal_ver == other.cal_ver
            and self.crds_ctx == other.crds_ctx
            and same_instant(self.date, other.date)
        )

    def _cal_ver_step(self, before: Pedigree) -> Step:
        return Step.SAME if self.cal_ver == before.cal_ver else _version_step(self.cal_ver, before.cal_ver)

    def _crds_ctx_step(self, before: Pedigree) -> Step:
        return Step.SAME if self.crds_ctx == before.crds_ctx else _context_step(self.crds_ctx, before.crds_ctx)

    def _date_step(self, before: Pedigree) -> Step:
        if same_instant(self.date, before.date):
            return Step.SAME
        if self.date is None or before.date is None:
            return Step.UNORDERED
        return Step.HIGHER if self.date > before.date else Step.LOWER


# In a campaign thousands of products move by the same step.
@lru_cache(maxsize=1024)
def _version_step(here: str | None, there: str | None) -> Step:
    return _step(version_of(here) if here else None, version_of(there) if there else None)


@lru_cache(maxsize=1024)
def _context_step(here: str | None, there: str | None) -> Step:
    return _step(context_number(here) if here else None, context_number(there) if there else None)


def _step(here: Ordered | None, there: Ordered | None) -> Step:
    if here is None or there is None:
        return Step.UNORDERED
    if here == there:
        return Step.SAME
    return Step.HIGHER if here > there else Step.LOWER


@dataclass(frozen=True, slots=True)
class Build:
    """One release of the pipeline.

    Attributes:
        cal_ver: the pipeline's version, as CAL_VER has it.
        dms_build: the build of the archive's data management system, ``B12.1.1``; None for a release that
            belongs to none.
        crds_ctx: the context at release, as CRDS_CTX has it; None where the table has none.
            The archive may have used later ones.
        released: when the version was released.
    """

    cal_ver: str
    dms_build: str | None
    crds_ctx: str | None
    released: date


def build_of(cal_ver: str) -> Build | None:
    """The build of a version as CAL_VER has it.

    None for a version that is not in the table: a newer one, a development version, or any other text.
    """
    return builds().get(cal_ver)


@cache
def builds() -> Mapping[str, Build]:
    """The whole table by version, newest first.

    The figures in ``builds.csv`` are those of the table "Software vs DMS build version map" in the README of
    spacetelescope/jwst at commit 9c979f9 (2026-08-21).
    That table lists 0.8.0 twice, as B7.1 and as its patch B7.1.1, with one context and one release date.
    CAL_VER can't tell the two apart, so 0.8.0 is given the build that it was released for, B7.1.
    """
    text = resources.files("pedigreed.model").joinpath("builds.csv").read_text(encoding="utf-8")
    return MappingProxyType({row["cal_ver"]: _build(row) for row in csv.DictReader(text.splitlines())})


def _build(row: dict[str, str]) -> Build:
    return Build(
        cal_ver=row["cal_ver"],
        dms_build=row["dms_build"] or None,
        crds_ctx=row["crds_ctx"] or None,
        released=date.fromisoformat(row["released"]),
    )
