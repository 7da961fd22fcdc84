"""A pedigree in words: in one phrase, or as keywords from old to new."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len

from pedigreed.digests.layout import WIDTH
from pedigreed.digests.moments import days_of, times_of
from pedigreed.digests.wording import clipped, padded
from pedigreed.model.build import build_of
from pedigreed.model.pedigree import context_name

if TYPE_CHECKING:
    from pedigreed.model.digest import PedigreeSpan

LONGEST_VALUE = 56
"""Columns that a keyword's value may take: what a header holds can be anything."""

WIDEST_COLUMN = 28
"""Columns that old values may take side by side; two moments of two days are wider."""

ARROW = " -> "


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


class Keyword(NamedTuple):
    """One keyword in two pedigrees, its values as they are shown. `note` has the DMS builds that are known."""

    name: str
    old: str
    new: str
    note: str = ""


def keywords_moved(before: PedigreeSpan, after: PedigreeSpan) -> tuple[Keyword, Keyword, Keyword]:
    """CAL_VER, CRDS_CTX and DATE in two pedigrees."""
    contexts = context_name(before.crds_ctx), context_name(after.crds_ctx)
    return (
        Keyword("CAL_VER", _value(before.cal_ver), _value(after.cal_ver), _builds(before, after)),
        Keyword("CRDS_CTX", _value(contexts[0]), _value(contexts[1])),
        Keyword("DATE", *_dates(before, after)),
    )


def keyword_lines(before: PedigreeSpan, after: PedigreeSpan, indent: str) -> list[str]:
    """CAL_VER, CRDS_CTX and DATE from old to new, in columns. A keyword that did not change stands once."""
    keywords = keywords_moved(before, after)
    old_width = max((cell_len(old) for _, old, _, _ in keywords if cell_len(old) <= WIDEST_COLUMN), default=0)
    new_width = max(cell_len(keyword.new) for keyword in keywords[:2])
    lines: list[str] = []
    for keyword in keywords:
        lines += _keyword(f"{indent}{keyword.name:<8}  ", keyword, (old_width, new_width))
    return lines


def _keyword(label: str, keyword: Keyword, widths: tuple[int, int]) -> list[str]:
    """One keyword in columns where they fit, else the new value and the note below the old."""
    _, old, new, note = keyword
    moved = "" if old == new else ARROW + (padded(new, widths[1]) if note else new)
    columns = padded(old, widths[0]) + (moved or " " * (len(ARROW) + widths[1]) * bool(note))
    line = f"{label}{columns}{'  ' + note if note else ''}".rstrip()
    if cell_len(line) <= WIDTH:
        return [line]
    below = " " * (len(label) - 3)
    parts = [label + old, *([] if old == new else [f"{below}-> {new}"])]
    return [*parts, *([f"{below}   {note}"] if note else [])]


def _builds(before: PedigreeSpan, after: PedigreeSpan) -> str:
    names = build_name(before.cal_ver), build_name(after.cal_ver)
    if names[0] == names[1]:
        return names[0]
    return ARROW.join(name or "?" for name in names)


def _dates(before: PedigreeSpan, after: PedigreeSpan) -> tuple[str, str]:
    if (before.earliest, before.latest) == (after.earliest, after.latest):
        return (days_of(before),) * 2
    old, new = days_of(before), days_of(after)
    return (old, new) if old != new else (times_of(before), times_of(after))


def _value(text: str | None) -> str:
    return "none" if text is None else clipped(text, LONGEST_VALUE) or "(blank)"
