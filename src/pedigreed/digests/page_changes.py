"""The sections of a page that tell what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.digests.change_words import (
    TITLES,
    contents_of,
    goals_of,
    is_move,
    products_in_words,
    summary_of,
)
from pedigreed.digests.lineage import build_name, keywords_moved, span_in_words
from pedigreed.digests.links import context_page, program_page
from pedigreed.digests.moves import shown_of
from pedigreed.digests.page import Bar, Group, Row, Section, Value
from pedigreed.digests.transitions import KINDS_IN_READING_ORDER
from pedigreed.digests.wording import count, sentence
from pedigreed.model.change import ChangeKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pedigreed.digests.moves import Move
    from pedigreed.model.digest import Digest, PedigreeSpan, Progress, Transition

NEEDS_CARE = frozenset((ChangeKind.REGRESSED, ChangeKind.WITHDRAWN))


def change_sections(digest: Digest, moves: int, rows: int) -> list[Section]:
    """What changed, in reading order: so many moves and rows of each kind at most, and without any the numbers."""
    return [
        _section(kind, told, digest, moves, rows)
        for kind in KINDS_IN_READING_ORDER
        if (told := [transition for transition in digest.transitions if transition.kind is kind])
    ]


def _section(
    kind: ChangeKind, transitions: Sequence[Transition], digest: Digest, moves: int, rows: int
) -> Section:
    shown = shown_of(transitions, moves=moves, rows=rows)
    summary, *goals = summary_of(kind, transitions, digest)
    told = goals_of(kind, digest.progress)
    # One goal that is the whole of the period's is told by the summary.
    words = goals or [""] * len(told)
    return Section(
        title=TITLES[kind],
        summary=summary,
        needs_care=kind in NEEDS_CARE,
        bars=tuple(
            Bar(_share(goal), sentence(phrase) if phrase else "") for goal, phrase in zip(told, words, strict=True)
        ),
        groups=tuple(map(_group, shown.moves)),
        more=_more(shown.left_out, "more transition", ": see the attached CSV"),
    )


def _group(move: Move) -> Group:
    is_one = not (move.before and move.after and is_move(move.rows[0].kind))
    span = move.after or move.before
    return Group(
        rows=tuple(
            Row(
                name=str(row.program),
                page=program_page(row.program),
                number=products_in_words([row]),
                words=" ".join(contents_of(row)),
            )
            for row in move.rows
        ),
        more=_more(move.left_out, "more program"),
        values=() if is_one or not (move.before and move.after) else _values(move.before, move.after),
        pedigree=span_in_words(span) if is_one and span else "",
    )


def _values(before: PedigreeSpan, after: PedigreeSpan) -> tuple[Value, ...]:
    return tuple(
        Value(
            keyword=keyword.name,
            old=keyword.old,
            new=keyword.new,
            old_build=build_name(before.cal_ver) if keyword.name == "CAL_VER" else "",
            new_build=build_name(after.cal_ver) if keyword.name == "CAL_VER" else "",
            new_page=context_page(after.crds_ctx) if keyword.name == "CRDS_CTX" else "",
            is_other=keyword.old != keyword.new,
        )
        for keyword in keywords_moved(before, after)
    )


def _share(goal: Progress) -> int:
    share = goal.moved * 100 // goal.total
    return max(1, share)


def _more(transitions: Sequence[Transition], noun: str, where: str = "") -> str:
    if not transitions:
        return ""
    return f"and {count(len(transitions), noun)}, {products_in_words(transitions)}{where}"
