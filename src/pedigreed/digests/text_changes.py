"""The sections of the text that tell what changed, one for each kind of change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.digests.change_words import TITLES, contents_of, is_move, products_in_words, summary_of
from pedigreed.digests.layout import filled, heading, prose
from pedigreed.digests.lineage import keyword_lines, span_in_words
from pedigreed.digests.moves import shown_of
from pedigreed.digests.transitions import KINDS_IN_READING_ORDER
from pedigreed.digests.wording import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pedigreed.digests.moves import Move
    from pedigreed.model.change import ChangeKind
    from pedigreed.model.digest import Digest, Transition

MOVES = 4
ROWS = 12
"""Moves and programs of one kind: what fits a screen."""


def change_sections(digest: Digest) -> list[list[str]]:
    """What changed, in reading order. A kind without changes has no section."""
    return [
        _section(kind, told, digest)
        for kind in KINDS_IN_READING_ORDER
        if (told := [transition for transition in digest.transitions if transition.kind is kind])
    ]


def _section(kind: ChangeKind, transitions: Sequence[Transition], digest: Digest) -> list[str]:
    shown = shown_of(transitions, moves=MOVES, rows=ROWS)
    title = heading(TITLES[kind])
    total, *goals = summary_of(kind, transitions, digest)
    lines = prose(total, title)
    for goal in goals:
        lines += prose(goal, " " * len(title))
    width = max(len(products_in_words([row])) for move in shown.moves for row in move.rows)
    for place, move in enumerate(shown.moves):
        lines += [""] * (place > 0) + _move(move, width)
    if shown.left_out:
        more = count(len(shown.left_out), "more transition")
        lines += prose(f"and {more}, {products_in_words(shown.left_out)}: see the attached CSV", "  ")
    return lines


def _move(move: Move, width: int) -> list[str]:
    """A row for each program, then the pedigree that they share."""
    indent = " " * 9
    lines: list[str] = []
    for row in move.rows:
        lines += filled(contents_of(row), f"  {row.program:>5}  {products_in_words([row]):>{width}}   ")
    if move.left_out:
        more = count(len(move.left_out), "more program")
        lines += prose(f"and {more}, {products_in_words(move.left_out)}", indent)
    if move.before and move.after and is_move(move.rows[0].kind):
        return lines + keyword_lines(move.before, move.after, indent)
    span = move.after or move.before
    return lines + (prose(span_in_words(span), indent) if span else [])
