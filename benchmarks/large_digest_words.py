"""Digests of very many changes, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.verdicts import Row, most

if TYPE_CHECKING:
    from benchmarks.figures import LargeDigest


def large_digest_rows(found: LargeDigest) -> list[Row]:
    return [
        most(f"a digest of {found.many_changes:,} changes: memory, MB", found.many.peak / 1e6, 150),
        ("the same, CPU s", f"{found.many.seconds:.1f}", "", ""),
        most(
            f"{found.subscriptions} subscriptions with {found.few_changes:,} changes in common, against one",
            found.several.seconds / found.one.seconds,
            2,
        ),
    ]


def _a_change(found: LargeDigest) -> float:
    """Kilobytes that each change adds to the process."""
    return (found.many.peak - found.many.before) / found.many_changes / 1e3


def large_digest_words(found: LargeDigest) -> str:
    parts = (
        f"A digest of {found.many_changes:,} products of one program, all reprocessed, from the store to a",
        f"channel that costs nothing: {found.many.seconds:.1f} s of the processor and",
        f"{found.many.peak / 1e6:.0f} MB at the most, {found.many.before / 1e6:.0f} MB of which the process has",
        f"before it. With every change as an object it had 315 MB. {_a_change(found):.2f} kB are",
        "added for each change: the store sorts row ids by file name, the changes are read in that order and kept",
        "packed, twenty to forty bytes for each, and unpacked some hundreds at a time where they are folded,",
        "counted and written into the two lists. The row ids, what SQLite takes to sort them, and the mail with",
        "its lists are the rest.",
        f"{found.subscriptions} subscriptions that have {found.few_changes:,} changes in common take",
        f"{found.several.seconds:.1f} s, and one of them alone {found.one.seconds:.1f} s: the changes are read,",
        "folded, counted and written into their lists once. What each has to itself is which changes wait for",
        "it, which it was told, and its mail, packed for the store.",
    )
    return " ".join(parts)
