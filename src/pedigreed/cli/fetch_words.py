"""What `pedigreed fetch` says: what it is about to do, and what came of it."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pedigreed.cli.output import echo, print_table, program, table
from pedigreed.digests.wording import count, visible

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from pedigreed.fetching.fetch import Outcome
    from pedigreed.fetching.plan import Plan

_MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, where its files go, in words, and the command that asks for what is missing afterwards."""

    plan: "Plan"
    place: str
    again: str


def print_plan(planned: Planned, unlisted: "Collection[str]", *, lists_files: bool) -> None:
    """Print what is going to be done. `unlisted` are the files whose checksum is not known."""
    plan, place = planned.plan, planned.place
    if lists_files and plan.jobs:
        made = table("file", "bytes", "to", "old copy", right=("bytes",))
        for job in plan.jobs:
            size = "-" if job.wanted.size is None else f"{job.wanted.size:,}"
            made.add_row(
                visible(job.wanted.filename),
                size,
                visible(str(Path(job.place).parent)),
                "kept" if job.keeps_old else "replaced" if job.old else "none",
            )
        print_table(made)
    total = f", {size_in_words(plan.bytes)}" + (" and more" if plan.unsized else "") if plan.jobs else ""
    replaced = sum(job.old is not None for job in plan.jobs)
    if replaced and replaced < len(plan.jobs):
        place += f", {replaced:,} in the place of old copies"
    echo(f"{count(len(plan.jobs), 'file')}{total}, {place}")
    if unlisted:
        echo(
            f"{count(len(unlisted), 'file')} not in MAST's list, which has an exposure's highest level "
            "alone: without a checksum, only the form is verified"
        )
    _print_named([(left.name, left.reason) for left in plan.left], "left alone")


def print_outcomes(outcomes: "Sequence[Outcome]") -> None:
    """Print how many files came."""
    from pedigreed.fetching.fetch import Result

    counts = Counter(outcome.result for outcome in outcomes)
    counted = [f"{counts[result]:,} {result.value}" for result in (Result.FETCHED, Result.THERE) if counts[result]]
    echo(", ".join(counted) or "nothing fetched")


def missing_in_words(outcomes: "Sequence[Outcome]", problems: "Sequence[str]", missing: int, again: str) -> str:
    """Say what is missing, why, and how to ask for it again.

    Args:
        outcomes: what became of each file.
        problems: why the archive's list is not complete.
        missing: how many files are not here.
        again: the command, without the program.
    """
    from pedigreed.fetching.fetch import Result

    asked = f". To ask for them again: {program()} {again}" if missing else ""
    lines = [f"{count(missing, 'file')} missing{asked}"]
    if problems:
        lines.append("  MAST did not answer completely, so it is not known what else there is:")
        lines += [f"    {problem}" for problem in problems]
    denied = [outcome for outcome in outcomes if outcome.result is Result.DENIED]
    if denied:
        lines.append(_denial_words(denied))
    others = [outcome for outcome in outcomes if outcome.is_missing and outcome.result is not Result.DENIED]
    lines += [f"  {visible(outcome.job.wanted.filename)}: {outcome.reason}" for outcome in others[:_MOST_NAMED]]
    if len(others) > _MOST_NAMED:
        lines.append(f"  ... and {len(others) - _MOST_NAMED:,} more")
    return "\n".join(lines)


def _denial_words(denied: "Sequence[Outcome]") -> str:
    """Said once, of all of them."""
    now = datetime.now(UTC)
    dates = sorted(at for outcome in denied if (at := outcome.job.wanted.public_at) is not None and at > now)
    public = "MAST does not say when"
    if dates:
        first, last = f"{dates[0]:%Y-%m-%d}", f"{dates[-1]:%Y-%m-%d}"
        public = f"public on {first}" if first == last else f"public from {first} to {last}"
    return (
        f"  {len(denied):,} under exclusive access, {public}: who may read them sets MAST_API_TOKEN, a token of "
        "https://auth.mast.stsci.edu/tokens with the right to exclusive data"
    )


def _print_named(named: "Sequence[tuple[str, str]]", what: str) -> None:
    if not named:
        return
    echo(f"{len(named):,} {what}:")
    for name, reason in named[:_MOST_NAMED]:
        echo(f"  {visible(name)}: {reason}")
    if len(named) > _MOST_NAMED:
        echo(f"  ... and {len(named) - _MOST_NAMED:,} more")


def size_in_words(count: int) -> str:
    """``117.2 MB``."""
    from rich.filesize import decimal

    return decimal(count)


def document(plan: "Plan", outcomes: "Sequence[Outcome]") -> dict[str, Any]:
    """As docs/json.md has it."""
    ended = {outcome.job.place: outcome for outcome in outcomes}
    return {
        "bytes": plan.bytes,
        "files": [
            {
                "filename": job.wanted.filename,
                "path": job.place,
                "bytes": job.wanted.size,
                "replaces": job.old is not None,
                "result": ended[job.place].result.name.lower() if job.place in ended else None,
                "reason": (ended[job.place].reason or None) if job.place in ended else None,
            }
            for job in plan.jobs
        ],
        "left": [{"name": left.name, "reason": left.reason} for left in plan.left],
    }
