"""Thousands of changes folded into a few transitions, and those gathered by pedigree for reading."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from pedigreed.model.change import ChangeKind
from pedigreed.model.digest import PedigreeSpan, Transition
from pedigreed.model.product_name import product_type_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from pedigreed.model.change import Change
    from pedigreed.model.instrument import Instrument
    from pedigreed.model.pedigree import Pedigree

Keywords = tuple[str | None, str | None]
"""CAL_VER and CRDS_CTX, as the header has them."""

KINDS_IN_READING_ORDER = (
    ChangeKind.FIRST,
    ChangeKind.REGRESSED,
    ChangeKind.REPROCESSED,
    ChangeKind.SET_REPROCESSED,
    ChangeKind.NEW,
    ChangeKind.RELISTED,
    ChangeKind.PUBLIC,
    ChangeKind.WITHDRAWN,
    ChangeKind.STALE,
    ChangeKind.NO_LONGER_STALE,
)
"""What asks most of the reader comes first: data long waited for, then results that no longer hold."""

Name = TypeVar("Name", bound=str)

_RANK = {kind: rank for rank, kind in enumerate(KINDS_IN_READING_ORDER)}


def rank_of(kind: ChangeKind) -> int:
    """The place of a kind in reading order, from 0."""
    return _RANK[kind]


def keywords_of(pedigree: Pedigree | PedigreeSpan | None) -> Keywords | None:
    """CAL_VER and CRDS_CTX of a pedigree; None where there is no pedigree."""
    return None if pedigree is None else (pedigree.cal_ver, pedigree.crds_ctx)


def transitions_of(changes: Iterable[Change]) -> tuple[Transition, ...]:
    """Fold changes by kind, program and the keywords before and after.

    Kinds come in reading order, programs by number, most products first within a program.
    """
    groups: defaultdict[tuple[ChangeKind, int, Keywords | None, Keywords | None], _Group] = defaultdict(_Group)
    for change in changes:
        key = (change.kind, change.program, keywords_of(change.before), keywords_of(change.after))
        groups[key].add(change)
    return tuple(sorted((group.transition(*key) for key, group in groups.items()), key=_reading_order))


class _Group:
    """What is counted of changes that are told as one. There may be very many, so that none is kept."""

    def __init__(self) -> None:
        self._products: Counter[tuple[Instrument, str]] = Counter()
        self._observations: set[int | None] = set()
        self._before, self._after = _Dates(), _Dates()

    def add(self, change: Change) -> None:
        self._products[change.instrument, product_type_of(change.filename)] += 1
        self._observations.add(change.observation)
        if change.before is not None and change.before.date is not None:
            self._before.add(change.before.date)
        if change.after is not None and change.after.date is not None:
            self._after.add(change.after.date)

    def transition(
        self, kind: ChangeKind, program: int, before: Keywords | None, after: Keywords | None
    ) -> Transition:
        instruments: Counter[Instrument] = Counter()
        types: Counter[str] = Counter()
        for (instrument, product_type), products in self._products.items():
            instruments[instrument] += products
            types[product_type] += products
        return Transition(
            kind=kind,
            program=program,
            instruments=tuple(instrument for instrument, _ in _most_first(instruments)),
            observations=tuple(sorted(each for each in self._observations if each is not None)),
            before=self._before.span(before),
            after=self._after.span(after),
            products=self._products.total(),
            product_types=_most_first(types),
        )


class _Dates:
    """The earliest and the latest DATE of some pedigrees, UTC."""

    def __init__(self) -> None:
        self._earliest: datetime | None = None
        self._latest: datetime | None = None

    def add(self, date: datetime) -> None:
        if self._earliest is None or date < self._earliest:
            self._earliest = date
        if self._latest is None or date > self._latest:
            self._latest = date

    def span(self, keywords: Keywords | None) -> PedigreeSpan | None:
        return None if keywords is None else PedigreeSpan(*keywords, self._earliest, self._latest)


def _span_of(spans: Iterable[PedigreeSpan | None]) -> PedigreeSpan | None:
    """One span over those that share CAL_VER and CRDS_CTX; None where there is none."""
    known = [span for span in spans if span is not None]
    if not known:
        return None
    earliest = min((span.earliest for span in known if span.earliest), default=None)
    latest = max((span.latest for span in known if span.latest), default=None)
    return PedigreeSpan(known[0].cal_ver, known[0].crds_ctx, earliest, latest)


def _most_first(numbers: Counter[Name]) -> tuple[tuple[Name, int], ...]:
    return tuple(sorted(numbers.items(), key=lambda item: (-item[1], item[0])))


def _reading_order(transition: Transition) -> tuple[int, int, int, str]:
    pedigrees = f"{keywords_of(transition.before)} {keywords_of(transition.after)}"
    return rank_of(transition.kind), transition.program, -transition.products, pedigrees


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
        before=_span_of(transition.before for transition in transitions),
        after=_span_of(transition.after for transition in transitions),
        rows=tuple(sorted(largest[:rows], key=lambda transition: transition.program)),
        left_out=tuple(largest[rows:]),
    )
