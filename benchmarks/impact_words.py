"""How fast CRDS's rules are evaluated, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.verdicts import Row, least, most

if TYPE_CHECKING:
    from benchmarks.figures import Impact


def impact_rows(found: Impact) -> list[Row]:
    if not found.crds:
        return [("impact: a million products against crds", "no data here", "at least 2000", "not measured")]
    return [
        least("impact: a million products, times faster than crds", found.repeated, 2000),
        least("the same, 10,000 headers that all differ", found.different, 40),
        least("impact: a context from its compiled files, times faster than crds", found.context, 8),
        least("impact: a million products, with rules of 2025's size", found.flight_repeated, 2000),
        least("10,000 headers that all differ, with rules of 2025's size", found.flight_different, 40),
        least("a context from its compiled files, with rules of 2025's size", found.flight_context, 8),
        most("impact: a switch over a million products in memory, s", found.in_memory, 0.3),
        most("the same from the SQLite store, s", found.from_store, 4),
        most("impact: each of a million products against its own of 88 contexts, s", found.made_with, 5),
        most("impact: peak memory of a switch from the store, MB", found.peak / 1e6, 300),
    ]


def impact_words(found: Impact) -> str:
    if not found.crds:
        return "CRDS's real rules are not beside this checkout, so nothing was measured."
    return (
        "The rules of 88 real contexts, evaluated here and by `crds` 14.0.3 in one run, in seconds of one core. "
        f"`get_best_references` takes {found.crds * 1e3:.2f} ms for a header and all types of its instrument. "
        f"Of the {found.from_store:.1f} s of a switch from the store, {found.read:.1f} s are the read. "
        "That every answer is the same is held by `python -m benchmarks.impact --sweep`."
    )
