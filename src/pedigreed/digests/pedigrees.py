"""A pedigree in words: in one phrase, or as keywords from old to new."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pedigreed.digests.moments import days_of, times_of
from pedigreed.digests.wording import clipped
from pedigreed.model.build import build_of
from pedigreed.model.pedigree import context_name

if TYPE_CHECKING:
    from pedigreed.model.digest import PedigreeSpan

LONGEST_VALUE = 56
"""Columns that a keyword's value may take: what a header holds can be anything."""


def keywords_in_words(cal_ver: str | None, crds_ctx: str | None, longest: int = LONGEST_VALUE) -> str:
    """``2.0.1, jwst_1535``."""
    return _phrase(cal_ver, "", crds_ctx, longest)


def span_in_words(span: PedigreeSpan) -> str:
    """``2.0.1 (B12.3.1), jwst_1535, made 2 to 9 Nov 2025``."""
    build = build_name(span.cal_ver)
    words = _phrase(span.cal_ver, f" ({build})" if build else "", span.crds_ctx, LONGEST_VALUE)
    return words if span.earliest is None else f"{words}, made {days_of(span)}"


def _phrase(cal_ver: str | None, build: str, crds_ctx: str | None, longest: int) -> str:
    if cal_ver is None and crds_ctx is None:
        return "uncalibrated"
    version = "no CAL_VER" if cal_ver is None else clipped(cal_ver, longest) + build
    context = context_name(crds_ctx)
    return f"{version}, {'no CRDS_CTX' if context is None else clipped(context, longest)}"


def build_name(cal_ver: str | None) -> str:
    """The DMS build that a pipeline version was installed with; empty where it is not known."""
    build = build_of(cal_ver) if cal_ver else None
    return (build.dms_build or "") if build else ""


class Moved(NamedTuple):
    """A keyword's values in two pedigrees, as they are shown."""

    old: str
    new: str


def keywords_moved(before: PedigreeSpan, after: PedigreeSpan) -> tuple[Moved, Moved, Moved]:
    """CAL_VER, CRDS_CTX and DATE in two pedigrees."""
    return (
        Moved(_value(before.cal_ver), _value(after.cal_ver)),
        Moved(_value(context_name(before.crds_ctx)), _value(context_name(after.crds_ctx))),
        _dates(before, after),
    )


def _dates(before: PedigreeSpan, after: PedigreeSpan) -> Moved:
    if (before.earliest, before.latest) == (after.earliest, after.latest):
        return Moved(days_of(before), days_of(before))
    old, new = days_of(before), days_of(after)
    return Moved(old, new) if old != new else Moved(times_of(before), times_of(after))


def _value(text: str | None) -> str:
    return "none" if text is None else clipped(text, LONGEST_VALUE) or "(blank)"
