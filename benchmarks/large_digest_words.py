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


def large_digest_words(found: LargeDigest) -> str:
    parts = (
        f"A digest of {found.many_changes:,} products of one program, all reprocessed, from the store to a",
        f"channel that costs nothing: {found.many.seconds:.1f} s of the processor and",
        f"{found.many.peak / 1e6:.0f} MB at the most, {found.many.before / 1e6:.0f} MB of which the process has",
        "before it. Earlier it took 11 s and 403 MB. A change is an object of 0.7 kB with its two pedigrees, its",
        "dates and its names, and the judgement, the order and the table all look at each of them; to stay below",
        "the target, they would have to be counted in the store and written as they are read.",
        f"{found.subscriptions} subscriptions that have {found.few_changes:,} changes in common take",
        f"{found.several.seconds:.1f} s, and one of them alone {found.one.seconds:.1f} s: the changes are read,",
        "folded and written into their lists once. Before, that was done for each: 15.2 s and 4.2 s, on a busy",
        "machine.",
    )
    return " ".join(parts)
