"""The phrases that tell what changed, the same in every format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.digests.lineage import keywords_in_words
from pedigreed.digests.motion_words import days_in_words
from pedigreed.digests.moves import products_of
from pedigreed.digests.wording import clipped, count, percent
from pedigreed.model.change import ChangeKind
from pedigreed.model.program import fold_ranges

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pedigreed.model.digest import Digest, Progress, Transition

TITLES = {
    ChangeKind.FIRST: "FIRST DATA",
    ChangeKind.REGRESSED: "REGRESSED",
    ChangeKind.REPROCESSED: "REPROCESSED",
    ChangeKind.NEW: "NEW",
    ChangeKind.PUBLIC: "PUBLIC",
    ChangeKind.WITHDRAWN: "WITHDRAWN",
    ChangeKind.STALE: "MARKED STALE",
    ChangeKind.NO_LONGER_STALE: "NO LONGER STALE",
}

GOALS = 3
"""Pedigrees whose progress is told."""

RUNS = 8
"""Runs of observations that a row names; of more, it tells how many and between which."""

TYPES = 6
"""Product types that a row names."""

LONGEST_TYPE = 24
"""Columns."""

_REMARKS = {
    ChangeKind.FIRST: "of {programs} that had no data before",
    ChangeKind.REGRESSED: "now with an older pedigree than before",
    ChangeKind.PUBLIC: "no longer under exclusive access",
    ChangeKind.WITHDRAWN: "gone from MAST's complete answers",
    ChangeKind.STALE: "flagged by MAST: may be queued for reprocessing",
    ChangeKind.NO_LONGER_STALE: "whose flag MAST took away",
}


def summary_of(kind: ChangeKind, transitions: Sequence[Transition], digest: Digest) -> list[str]:
    """What the changes of one kind come to. The first phrase has their number."""
    if kind is ChangeKind.REPROCESSED:
        return _how_far_it_is(transitions, digest)
    programs = count(len({transition.program for transition in transitions}), "program")
    return [f"{products_in_words(transitions)} {_REMARKS.get(kind, '').format(programs=programs)}".rstrip()]


def products_in_words(transitions: Iterable[Transition]) -> str:
    """``1,204 products``."""
    return count(products_of(transitions), "product")


def is_move(kind: ChangeKind) -> bool:
    """Whether changes of this kind go from one pedigree to another."""
    return kind in {ChangeKind.REPROCESSED, ChangeKind.REGRESSED}


def contents_of(transition: Transition) -> list[str]:
    """``NIRCam, obs 7, 9-12: 412 cal, 412 rate, 22 i2d``, in pieces that stay whole."""
    instruments = [instrument.written for instrument in transition.instruments]
    return [*_enumerated([*instruments, *_observations(transition)], end=":"), *_product_types(transition)]


def goals_of(kind: ChangeKind, progress: Sequence[Progress]) -> list[Progress]:
    """The pedigrees whose progress is told of changes of a kind: those of which the counts make sense."""
    if kind is not ChangeKind.REPROCESSED:
        return []
    return [goal for goal in progress if 0 < goal.moved <= goal.total][:GOALS]


def _how_far_it_is(transitions: Sequence[Transition], digest: Digest) -> list[str]:
    """How many, and how far the whole has come: in one phrase where this period is all of it."""
    products = products_of(transitions)
    goals = goals_of(ChangeKind.REPROCESSED, digest.progress)
    if len(goals) == 1 and goals[0].moved == products:
        goal = goals[0]
        return [f"{products:,} of {count(goal.total, 'product')} ({_share(goal)}){_days(goal, digest)}"]
    return [count(products, "product"), *(_goal(goal, digest) for goal in goals)]


def _goal(goal: Progress, digest: Digest) -> str:
    keywords = keywords_in_words(goal.cal_ver, goal.crds_ctx)
    if _goes_by_days(goal, digest):
        return f"day {goal.day:,} of the move to {keywords}: {goal.moved:,} of {goal.total:,} ({_share(goal)})"
    have = f"{goal.moved:,} of {count(goal.total, 'product')} now {'has' if goal.total == 1 else 'have'}"
    return f"{have} {keywords} ({_share(goal)}){_days(goal, digest)}"


def _goes_by_days(goal: Progress, digest: Digest) -> bool:
    """Whether a campaign is told in parts, and this is not the first. The first day can do without its number."""
    return digest.settle is None and goal.day > 1


def _days(goal: Progress, digest: Digest) -> str:
    """``, moved 21 to 23 Nov 2026``, of a campaign that is told as one."""
    days = days_in_words(goal, digest) if digest.settle is not None else ""
    return f", {days}" if days else ""


def _share(goal: Progress) -> str:
    share = percent(goal.moved, goal.total)
    if goal.moved == goal.total or not goal.recent:
        return share
    return f"{share}, still running: {goal.recent:,} in the last 6 h"


def _observations(transition: Transition) -> list[str]:
    observations = transition.observations
    runs = fold_ranges(observations).split(", ") if observations else []
    if len(runs) > RUNS:
        return [f"{len(observations)} obs of {observations[0]}-{observations[-1]}"]
    return [f"obs {runs[0]}", *runs[1:]] if runs else []


def _product_types(transition: Transition) -> list[str]:
    shown = [
        f"{number:,} {clipped(name, LONGEST_TYPE) or 'of no known type'}"
        for name, number in transition.product_types[:TYPES]
    ]
    others = transition.product_types[TYPES:]
    if others:
        shown.append(f"{sum(number for _, number in others):,} of {count(len(others), 'other type')}")
    return _enumerated(shown)


def _enumerated(names: Sequence[str], end: str = "") -> list[str]:
    """``a,`` ``b,`` ``c:``."""
    return [*(f"{name}," for name in names[:-1]), *(f"{name}{end}" for name in names[-1:])]
