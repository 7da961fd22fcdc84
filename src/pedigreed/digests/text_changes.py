"""The sections of the text that tell what changed, one for each kind of change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.digests.layout import filled, heading, prose
from pedigreed.digests.lineage import keyword_lines, keywords_in_words, span_in_words
from pedigreed.digests.moves import products_of, shown_of
from pedigreed.digests.transitions import KINDS_IN_READING_ORDER
from pedigreed.digests.wording import clipped, count, percent
from pedigreed.model.change import ChangeKind
from pedigreed.model.program import fold_ranges

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pedigreed.digests.moves import Move
    from pedigreed.model.digest import Digest, Progress, Transition

MOVES = 4
ROWS = 12
"""Moves and programs of one kind: what fits a screen."""

GOALS = 3
"""Pedigrees whose progress is told."""

RUNS = 8
"""Runs of observations that a row names; of more, it tells how many and between which."""

TYPES = 6
"""Product types that a row names."""

LONGEST_TYPE = 24
"""Columns."""

_TITLES = {
    ChangeKind.FIRST: "FIRST DATA",
    ChangeKind.REGRESSED: "REGRESSED",
    ChangeKind.REPROCESSED: "REPROCESSED",
    ChangeKind.NEW: "NEW",
    ChangeKind.PUBLIC: "PUBLIC",
    ChangeKind.WITHDRAWN: "WITHDRAWN",
    ChangeKind.STALE: "MARKED STALE",
    ChangeKind.NO_LONGER_STALE: "NO LONGER STALE",
}

_REMARKS = {
    ChangeKind.FIRST: "of {programs} that had no data before",
    ChangeKind.REGRESSED: "now with an older pedigree than before",
    ChangeKind.PUBLIC: "no longer under exclusive access",
    ChangeKind.WITHDRAWN: "gone from MAST's complete answers",
    ChangeKind.STALE: "flagged by MAST: may be queued for reprocessing",
    ChangeKind.NO_LONGER_STALE: "whose flag MAST took away",
}


def change_sections(digest: Digest) -> list[list[str]]:
    """What changed, in reading order. A kind without changes has no section."""
    return [
        _section(kind, told, digest.progress)
        for kind in KINDS_IN_READING_ORDER
        if (told := [transition for transition in digest.transitions if transition.kind is kind])
    ]


def _section(kind: ChangeKind, transitions: Sequence[Transition], progress: Sequence[Progress]) -> list[str]:
    shown = shown_of(transitions, moves=MOVES, rows=ROWS)
    lines = _reprocessed(transitions, progress) if kind is ChangeKind.REPROCESSED else _counted(kind, transitions)
    width = max(len(_products([row])) for move in shown.moves for row in move.rows)
    for place, move in enumerate(shown.moves):
        lines += [""] * (place > 0) + _move(move, width)
    if shown.left_out:
        more = count(len(shown.left_out), "more transition")
        lines += prose(f"and {more}, {_products(shown.left_out)}: see the attached CSV", "  ")
    return lines


def _counted(kind: ChangeKind, transitions: Sequence[Transition]) -> list[str]:
    products = _products(transitions)
    programs = count(len({transition.program for transition in transitions}), "program")
    remark = _REMARKS.get(kind, "").format(programs=programs)
    return prose(f"{products} {remark}", heading(_TITLES[kind]))


def _reprocessed(transitions: Sequence[Transition], progress: Sequence[Progress]) -> list[str]:
    """How many, and how far the whole has come: in one line where this period is all of it."""
    title = heading(_TITLES[ChangeKind.REPROCESSED])
    products = products_of(transitions)
    goals = [goal for goal in progress if 0 < goal.moved <= goal.total]
    if len(goals) == 1 and goals[0].moved == products:
        goal = goals[0]
        return prose(f"{products:,} of {count(goal.total, 'product')} ({_how_far(goal)})", title)
    lines = prose(count(products, "product"), title)
    for goal in goals[:GOALS]:
        have = f"{goal.moved:,} of {count(goal.total, 'product')} now {'has' if goal.total == 1 else 'have'}"
        lines += prose(
            f"{have} {keywords_in_words(goal.cal_ver, goal.crds_ctx)} ({_how_far(goal)})", " " * len(title)
        )
    return lines


def _how_far(goal: Progress) -> str:
    share = percent(goal.moved, goal.total)
    if goal.moved == goal.total or not goal.recent:
        return share
    return f"{share}, still running: {goal.recent:,} in the last 6 h"


def _move(move: Move, width: int) -> list[str]:
    """A row for each program, then the pedigree that they share."""
    indent = " " * 9
    lines: list[str] = []
    for row in move.rows:
        lines += filled(_what(row), f"  {row.program:>5}  {_products([row]):>{width}}   ")
    if move.left_out:
        more = count(len(move.left_out), "more program")
        lines += prose(f"and {more}, {_products(move.left_out)}", indent)
    if move.before and move.after and _is_moved(move):
        return lines + keyword_lines(move.before, move.after, indent)
    span = move.after or move.before
    return lines + (prose(span_in_words(span), indent) if span else [])


def _products(transitions: Sequence[Transition]) -> str:
    return count(products_of(transitions), "product")


def _is_moved(move: Move) -> bool:
    return move.rows[0].kind in {ChangeKind.REPROCESSED, ChangeKind.REGRESSED}


def _what(transition: Transition) -> list[str]:
    """``NIRCam, obs 7, 9-12: 412 cal, 412 rate, 22 i2d``, in pieces that stay whole."""
    instruments = [instrument.written for instrument in transition.instruments]
    return [*_enumerated([*instruments, *_observations(transition)], end=":"), *_product_types(transition)]


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
