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
        f"before it. Earlier it took 11 s and 403 MB. {_a_change(found):.2f} kB are added for each change: its",
        "two names and three instants take 0.3 kB of that, the objects of it and its pedigrees 0.2 kB, its",
        "places among what is read and covered 0.1 kB, and the rest is what SQLite and the mail with the two",
        "lists take. Those are written as the changes are read; but the judgement, the order and both lists",
        "look at each change, so that all are in memory once. Their names and instants alone, with the",
        "process, come to the target: to stay below it, changes would have to be counted in the store, and",
        "read anew for each of these.",
        f"{found.subscriptions} subscriptions that have {found.few_changes:,} changes in common take",
        f"{found.several.seconds:.1f} s, and one of them alone {found.one.seconds:.1f} s: the changes are read,",
        "folded and written into their lists once. Before, that was done for each: 15.2 s and 4.2 s, on a busy",
        "machine. Of the time of all of them, a third is the judgement of each one's digest, which goes by",
        "its own periods and choices, and a third is what each has to itself: which changes wait for it, which",
        "it was told, and its mail, packed for the store.",
    )
    return " ".join(parts)
