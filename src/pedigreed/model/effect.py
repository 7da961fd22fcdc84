"""What a change of a reference type does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pedigreed.model.reference_type import ReferenceType, reference_type

if TYPE_CHECKING:
    from pedigreed.model.announcement import Facts


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


def effects_of(facts: Facts) -> tuple[Effect, ...]:
    """What the types of a notice do, in the order in which the pipeline uses them."""
    effects = [_effect(name, reference_type(name)) for name in facts.reference_types]
    return tuple(sorted(effects, key=lambda effect: (effect.stages or (9,), effect.reference_type)))


def _effect(name: str, kind: ReferenceType | None) -> Effect:
    if kind is None:
        return Effect(name, (), (), "")
    return Effect(name, kind.steps or kind.older_steps, kind.stages, kind.effect)
