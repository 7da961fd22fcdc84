"""Thousands of subscriptions, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.verdicts import Row, most

if TYPE_CHECKING:
    from benchmarks.figures import Institute


def institute_rows(found: Institute) -> list[Row]:
    return [
        most(
            f"{found.subscriptions:,} subscriptions: their configuration, CPU s", found.configuration.seconds, 0.4
        ),
        most("`status` of them, CPU s", found.status.seconds, 1),
        most("the status page of them, CPU s", found.page.seconds, 0.5),
        most("closing a quiet day of them, CPU s", found.quiet.seconds, 4),
        most("composing a digest for each, CPU s", found.digests.seconds, 20),
    ]


def institute_words(found: Institute) -> str:
    parts = (
        f"{found.subscriptions:,} subscriptions to two of {found.programs:,} programs each, in two instruments,",
        "on an SQLite file; seconds of the processor. To read the configuration takes",
        f"{found.configuration.seconds:.2f} s; libyaml, which finds the values, and pydantic, which checks them,",
        f"take {found.libraries.seconds:.2f} s of that, and the rest is where each value stands, so that what is",
        f"wrong is told with its line. What `status` shows takes {found.status.seconds:.2f} s in",
        f"{found.status.statements:,} statements, as many for one subscription; what the page shows",
        f"{found.page.seconds:.2f} s in {found.page.statements:,}. A day on which nothing happened is closed in",
        f"{found.quiet.seconds:.1f} s and {found.quiet.statements:,} statements. A day on which half of the",
        "products of each program were reprocessed, with a digest for each subscription and a channel that costs",
        f"nothing: {found.digests.seconds:.1f} s and {found.digests.statements:,} statements; the first digest is",
        f"taken after {found.first:.1f} s.",
        "When the machine was at its fastest, and the page still counted all products, the",
        "five took 0.49 s, 0.56 s, 0.76 s, 1.8 s and 16.6 s. Six tenths of the page are to say of each",
        "subscription what was checked, what waits and what is due: 0.1 ms for each.",
    )
    return " ".join(parts)
