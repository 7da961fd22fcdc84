"""Transitions gathered for reading: one move from a pedigree to another, with the programs that made it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from pedigreed.digests.transitions import keywords_of, span_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pedigreed.digests.transitions import Keywords
    from pedigreed.model.digest import PedigreeSpan, Transition


@dataclass(frozen=True, slots=True)
class Move:
    """Transitions of one kind that share the keywords before and after.

    Attributes:
        before: the pedigree before, with the DATE of all of them; None where there was none.
        after: the pedigree after; None where there is none.
        rows: the transitions to show, one for each program, by number.
        left_out: the others.
    """

    before: PedigreeSpan | None
    after: PedigreeSpan | None
    rows: tuple[Transition, ...]
    left_out: tuple[Transition, ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """As many moves as a reader takes in, and what is left for the attachment.

    Attributes:
        moves: those that move most products, the largest first.
        left_out: the transitions of all other moves.
    """

    moves: tuple[Move, ...]
    left_out: tuple[Transition, ...]


def shown_of(transitions: Sequence[Transition], *, moves: int, rows: int) -> Shown:
    """Gather transitions of one kind: at most so many moves, with at most so many rows in all.

    Each move has its share of the rows, and those of the most products are shown.
    """
    groups: defaultdict[tuple[Keywords | None, Keywords | None], list[Transition]] = defaultdict(list)
    for transition in transitions:
        groups[keywords_of(transition.before), keywords_of(transition.after)].append(transition)
    largest = sorted(groups.values(), key=products_of, reverse=True)
    shares = _shares([len(group) for group in largest[:moves]], rows)
    return Shown(
        tuple(_move(group, share) for group, share in zip(largest, shares, strict=False)),
        tuple(chain.from_iterable(largest[moves:])),
    )


def products_of(transitions: Iterable[Transition]) -> int:
    """How many products transitions have in all."""
    return sum(transition.products for transition in transitions)


def _shares(wanted: Sequence[int], rows: int) -> list[int]:
    """Rows for each group: those that want less leave their rest to the others."""
    shares = [0] * len(wanted)
    smallest_first = sorted(range(len(wanted)), key=lambda group: wanted[group])
    for served, group in enumerate(smallest_first):
        shares[group] = min(wanted[group], (rows - sum(shares)) // (len(wanted) - served))
    return shares


def _move(transitions: Sequence[Transition], rows: int) -> Move:
    largest = sorted(transitions, key=lambda transition: (-transition.products, transition.program))
    return Move(
        before=span_of([transition.before for transition in transitions]),
        after=span_of([transition.after for transition in transitions]),
        rows=tuple(sorted(largest[:rows], key=lambda transition: transition.program)),
        left_out=tuple(largest[rows:]),
    )
