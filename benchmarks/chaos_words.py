"""What came of chaos, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.verdicts import Row, none

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.figures import Chaos


def chaos_rows(found: Chaos) -> list[Row]:
    return [none(f"chaos, {run.name}: promises broken", len(run.broken)) for run in found.runs]


def chaos_words(found: Chaos) -> Iterator[str]:
    if not found.runs:
        yield "It was not run: libfaketime is not installed here."
        return
    yield (
        "`python -m benchmarks.chaos`: workers and daemons are killed, servers answer badly or not at all, clocks "
        "are set back and nights slept through, while the archive and CRDS change. Then, from what arrived: each "
        "change came once, without a gap; each delivery to CRDS was told once, and once more where CRDS confirmed "
        "it later; and no digest called a program checked by an answer that had more to tell. What a product went "
        "through between two digests is told as one change."
    )
    counted = [{**run.counts, "promises broken": len(run.broken)} for run in found.runs]
    lines = [
        f"| | {' | '.join(f'{run.name}, {run.minutes:g} minutes' for run in found.runs)} |",
        f"|---|{'---|' * len(found.runs)}",
    ]
    named = sorted({what for counts in counted for what in counts})
    lines += [f"| {what} | {' | '.join(str(counts.get(what, 0)) for counts in counted)} |" for what in named]
    yield "\n".join(lines)
