"""What a switch from one context of CRDS to another changes for products, counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from pedigreed.model.change import MADE_ANEW
from pedigreed.model.instrument import Instrument  # noqa: TC001 - the store reads it by these annotations

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from pedigreed.model.change import Change


class Changed(NamedTuple):
    """How many products of one program and observation change. The observation is None for those of several."""

    program: int
    observation: int | None
    products: int


@dataclass(frozen=True, slots=True)
class Impact:
    """What a switch does to some products.

    Attributes:
        old, new: the contexts, ``jwst_1583``. `old` is empty where each product was held against its own.
        products: how many were looked at.
        changed: how many would get another file of at least one type that they are made with.
        by_type: type -> of how many products another file; the most first.
        where_on: type -> of how many products, where a step is turned on that is off by default.
        errors: type -> for how many CRDS has an error where it had an answer.
        without_effect: types whose rules are others, and whose files are the same for all that could be evaluated.
        places: where the changed products are, sorted.
        instruments: of the changed products.
        not_known: how many could not be told, for want of a value.
        without_exposures: how many products of stage 3 whose exposures are not known.
        unknown_exposures: EXP_TYPEs that the table of pipelines has not -> how many products.
        unknown_types: types that the table of reference types has not; they count for every product.
        not_understood: instrument, type, and why its rules were not understood.
        uncertain: instrument and type of which something could not be told; an empty type for all of them.
        held: how many exposures CRDS itself was asked about, and for how many it answers the same.
        doubted: instrument and type of which it answers otherwise.
        not_held: why it could not be asked, one sentence; None where it was, or was not to be.
    """

    old: str
    new: str
    products: int
    changed: int = 0
    by_type: tuple[tuple[str, int], ...] = ()
    where_on: tuple[tuple[str, int], ...] = ()
    errors: tuple[tuple[str, int], ...] = ()
    without_effect: tuple[str, ...] = ()
    places: tuple[Changed, ...] = ()
    instruments: tuple[Instrument, ...] = ()
    not_known: int = 0
    without_exposures: int = 0
    unknown_exposures: tuple[tuple[str, int], ...] = ()
    unknown_types: tuple[str, ...] = ()
    not_understood: tuple[tuple[Instrument, str, str], ...] = ()
    uncertain: tuple[tuple[Instrument, str], ...] = ()
    held: tuple[int, int] = (0, 0)
    doubted: tuple[tuple[Instrument, str], ...] = ()
    not_held: str | None = None

    @property
    def evaluated(self) -> int:
        """Of how many products it could be told."""
        return self.products - self.not_known - self.without_exposures

    @property
    def is_certain(self) -> bool:
        """Whether it was told of every product."""
        return not self.uncertain


@dataclass(frozen=True, slots=True)
class Switch:
    """Two contexts, or files that are marked bad, and what is known of the effect on a subscription.

    Attributes:
        old, new: the contexts, ``jwst_1583``. Of files that are marked bad, `old` is empty and `new` names them.
        impact: what the new context changes, or which products were made with the files; None where that could
            not be evaluated.
        reason: why not, one sentence without secrets; None where it was.
        since: since when not, UTC.
    """

    old: str
    new: str
    impact: Impact | None
    reason: str | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Remade:
    """What the new contexts of reprocessed products change for them.

    Attributes:
        switches: the contexts before and after, those of the most products first, and what differs.
        types: file name -> the types of which it has another file, sorted; absent where that is not known.
    """

    switches: tuple[Switch, ...] = ()
    types: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def types_of(self, change: Change) -> tuple[str, ...] | None:
        """The types of which the product of a change has another file; None where that is not known."""
        return self.types.get(change.filename) if change.kind in MADE_ANEW else None


def total(old: str, new: str, impacts: Iterable[Impact]) -> Impact:
    """Several impacts as one, such as those on products that were made with different contexts."""
    every = list(impacts)

    def added(name: str) -> tuple[tuple[str, int], ...]:
        numbers: Counter[str] = Counter()
        for impact in every:
            numbers.update(dict(getattr(impact, name)))
        return tuple(sorted(numbers.items(), key=lambda each: (-each[1], each[0])))

    acting = {name for each in every for name, _ in (*each.by_type, *each.where_on, *each.errors)}
    places: Counter[tuple[int, int | None]] = Counter()
    for impact in every:
        places.update({(place.program, place.observation): place.products for place in impact.places})
    return Impact(
        old=old,
        new=new,
        products=sum(impact.products for impact in every),
        changed=sum(impact.changed for impact in every),
        by_type=added("by_type"),
        where_on=added("where_on"),
        errors=added("errors"),
        without_effect=tuple(sorted({name for each in every for name in each.without_effect} - acting)),
        places=tuple(
            Changed(program, observation, number)
            for (program, observation), number in sorted(
                places.items(), key=lambda place: (place[0][0], place[0][1] or 0)
            )
        ),
        instruments=tuple(sorted({instrument for impact in every for instrument in impact.instruments})),
        not_known=sum(impact.not_known for impact in every),
        without_exposures=sum(impact.without_exposures for impact in every),
        unknown_exposures=added("unknown_exposures"),
        unknown_types=tuple(sorted({name for impact in every for name in impact.unknown_types})),
        not_understood=tuple(sorted({each for impact in every for each in impact.not_understood})),
        uncertain=tuple(sorted({each for impact in every for each in impact.uncertain})),
    )
