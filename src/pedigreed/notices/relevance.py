"""Whom a notice concerns, what it changes, and where it is in use."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from pedigreed.model.announcement import NoticeKind
from pedigreed.model.pedigree import context_number
from pedigreed.model.reference_type import ReferenceType, reference_type

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from pedigreed.model.announcement import Facts
    from pedigreed.model.instrument import Instrument
    from pedigreed.model.notice import Notice, Tracks

_STAGES_BEHIND = {
    "1b": frozenset[int](),
    "2a": frozenset({1}),
    "2b": frozenset({1, 2}),
    "2c": frozenset({1, 2}),
    "3": frozenset({1, 2, 3}),
}
"""Product level -> the stages of the pipeline that made such a product. Raw data are made by none."""


_OF_CRDS_ITSELF = frozenset({"calver", "crdscfg", "datalvl"})
_OF_EVERYTHING = frozenset({NoticeKind.BUILD, NoticeKind.ROLLBACK})


class Track(Enum):
    """Where a notice's context is in use."""

    BUILD = "build"
    """The archive makes products with it, or with a later one."""
    LATEST = "latest"
    """It is in use by those who ask for the latest; the archive gets it with a later build."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change of one reference type does.

    Attributes:
        reference_type: CRDS's name, ``photom``.
        steps: the steps that use it, older ones where there are no others; empty for an unknown type.
        stages: 1, 2 or 3, sorted.
        effect: a few words; empty for an unknown type.
    """

    reference_type: str
    steps: tuple[str, ...]
    stages: tuple[int, ...]
    effect: str


def concerns(
    notice: Notice,
    exposures: Collection[tuple[Instrument, str | None]],
    levels: Collection[str],
    instruments: Collection[Instrument],
) -> bool:
    """Whether a notice touches an instrument and a type that some exposures use.

    Types are those of `Facts.reference_types`; each counts at the levels that its stages lead to: stage 1 at 2a
    and above, stage 2 at 2b and above, stage 3 at 3. Raw data (1b) are made with no reference file.
    A notice that names no instrument, or no type, or a type that is not known, can't be told to touch nothing, so
    it does concern: a notice too many costs a look, one too few costs data. Builds and rollbacks touch all that is
    calibrated. CRDS's own types (calver) touch nothing.

    Args:
        notice: what happened.
        exposures: the instrument and EXP_TYPE of what the subscription has; None for an EXP_TYPE not known.
        levels: the product levels that it has, as in `config.value.LEVELS`; empty for all.
        instruments: those that it is limited to; empty for all.
    """
    stages = frozenset(stage for level in levels or _STAGES_BEHIND for stage in _STAGES_BEHIND.get(level, ()))
    chosen = {each for each in exposures if not instruments or each[0] in instruments}
    if notice.kind in _OF_EVERYTHING:
        return bool(stages and chosen)
    facts = notice.facts
    touched = {each for each in chosen if not facts.instruments or each[0] in facts.instruments}
    if not facts.reference_types or not stages or not touched:
        return bool(stages and touched)
    return any(
        kind is None or (not stages.isdisjoint(kind.stages) and _serves(kind, touched))
        for name in facts.reference_types
        if name not in _OF_CRDS_ITSELF
        for kind in (reference_type(name),)
    )


def effects_of(facts: Facts) -> tuple[Effect, ...]:
    """What the types of a notice do, in the order in which the pipeline uses them."""
    effects = [_effect(name, reference_type(name)) for name in facts.reference_types]
    return tuple(sorted(effects, key=lambda effect: (effect.stages or (9,), effect.reference_type)))


def track_of(notice: Notice, tracks: Tracks | None) -> Track:
    """Where the notice's context is in use, by the numbers of contexts, which grow with deliveries.

    `Tracks` has no time at which the build's context came into use, and a notice without a context has no number:
    that, a file that is marked bad, and a context above the latest (it was rolled back, or CRDS was asked before)
    are not known.
    """
    if tracks is None or notice.kind is NoticeKind.MARKED_BAD or notice.facts.context is None:
        return Track.UNKNOWN
    number = context_number(notice.facts.context)
    build = context_number(tracks.build) if tracks.build else None
    latest = context_number(tracks.latest)
    if number is None:
        return Track.UNKNOWN
    if build is not None and number <= build:
        return Track.BUILD
    return Track.LATEST if build is not None and latest is not None and number <= latest else Track.UNKNOWN


def _serves(kind: ReferenceType, exposures: Iterable[tuple[Instrument, str | None]]) -> bool:
    return any(kind.may_serve(instrument, exp_type) for instrument, exp_type in exposures)


def _effect(name: str, kind: ReferenceType | None) -> Effect:
    if kind is None:
        return Effect(name, (), (), "")
    return Effect(name, kind.steps or kind.older_steps, kind.stages, kind.effect)
