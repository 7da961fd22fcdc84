"""Pedigree: which pipeline, which reference files and when. The keywords CAL_VER, CRDS_CTX and DATE."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from packaging.version import Version

from pedigreed.model.instant import same_instant

if TYPE_CHECKING:
    from datetime import datetime

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


@dataclass(frozen=True, slots=True)
class Pedigree:
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
        return Step.HIGHER in {self._cal_ver_step(other), self._crds_ctx_step(other)}

    def went_down_from(self, before: Pedigree) -> bool:
        """Whether the product was made with less than before.

        A keyword is lower and none is higher, whatever DATE says.
        Or the keywords are the same, and DATE is earlier.
        """
        keywords = {self._cal_ver_step(before), self._crds_ctx_step(before)}
        if Step.HIGHER in keywords:
            return False
        if Step.LOWER in keywords:
            return True
        return keywords == {Step.SAME} and self._date_step(before) is Step.LOWER

    def same_as(self, other: Pedigree) -> bool:
        """Whether both say the same, DATE within the archive's rounding."""
        return (
            self.cal_ver == other.cal_ver
            and self.crds_ctx == other.crds_ctx
            and same_instant(self.date, other.date)
        )

    def _cal_ver_step(self, before: Pedigree) -> Step:
        if self.cal_ver == before.cal_ver:
            return Step.SAME
        here = version_of(self.cal_ver) if self.cal_ver else None
        there = version_of(before.cal_ver) if before.cal_ver else None
        return _step(here, there)

    def _crds_ctx_step(self, before: Pedigree) -> Step:
        if self.crds_ctx == before.crds_ctx:
            return Step.SAME
        here = context_number(self.crds_ctx) if self.crds_ctx else None
        there = context_number(before.crds_ctx) if before.crds_ctx else None
        return _step(here, there)

    def _date_step(self, before: Pedigree) -> Step:
        if same_instant(self.date, before.date):
            return Step.SAME
        if self.date is None or before.date is None:
            return Step.UNORDERED
        return Step.HIGHER if self.date > before.date else Step.LOWER


def _step(here: Ordered | None, there: Ordered | None) -> Step:
    if here is None or there is None:
        return Step.UNORDERED
    if here == there:
        return Step.SAME
    return Step.HIGHER if here > there else Step.LOWER
