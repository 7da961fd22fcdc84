"""When two contexts' rules of one type answer differently, for one set of the values that they use."""

from __future__ import annotations

from itertools import product as combinations
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from pedigreed.impact.headers import UNKNOWN
from pedigreed.impact.inventory import Span, spans_of
from pedigreed.impact.rule_answers import Step, step
from pedigreed.impact.values import NOT_APPLICABLE, UNDEFINED, picker

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pedigreed.impact.context import TypeRules
    from pedigreed.impact.rule_answers import Stretch

_MOST_COMBINATIONS = 400
_SOMETHING_ELSE = "\1"


class Difference(NamedTuple):
    """When one type's answer differs, for one set of values of a header. `is_known` is False where values lack."""

    changed: tuple[Span, ...]
    errors: tuple[Span, ...]
    is_known: bool = True


NO_DIFFERENCE = Difference((), ())
NOT_KNOWN = Difference((), (), is_known=False)


class RulePair(NamedTuple):
    """The rules of one type in the two contexts, and the keys that either uses."""

    reftype: str
    old: TypeRules
    new: TypeRules
    keys: tuple[str, ...]
    pick: Callable[[Mapping[str, str]], tuple[str, ...]]
    not_understood: str

    @classmethod
    def of(cls, reftype: str, old: TypeRules, new: TypeRules) -> RulePair:
        reasons = (each.rmap.form.not_understood for each in (old, new) if each.rmap is not None)
        keys = tuple(dict.fromkeys((*old.keys, *new.keys)))
        return cls(reftype, old, new, keys, picker(keys), next(filter(None, reasons), ""))

    def headers(self, values: Sequence[str]) -> list[dict[str, str]] | None:
        """The headers that values of the keys stand for: one for each choice of those that are not known.

        None where no few choices stand for all.
        """
        choices = [
            self._told_apart(key) if value == UNKNOWN else (value,)
            for key, value in zip(self.keys, values, strict=True)
        ]
        told_apart = [choice for choice in choices if choice is not None]
        if len(told_apart) < len(choices) or prod(map(len, told_apart)) > _MOST_COMBINATIONS:
            return None
        return [dict(zip(self.keys, some, strict=True)) for some in combinations(*told_apart)]

    def _told_apart(self, key: str) -> tuple[str, ...] | None:
        """Values of a key that stand for all that it may have, as far as the rules tell them apart.

        None where no few values do.
        """
        words = [rules.rmap.words_of(key) for rules in (self.old, self.new) if rules.rmap is not None]
        if None in words:
            return None
        told_apart = frozenset().union(*(some for some in words if some is not None))
        return (UNDEFINED, NOT_APPLICABLE, _SOMETHING_ELSE, *sorted(told_apart - {UNDEFINED, NOT_APPLICABLE}))


def difference_of(stretches: list[Stretch]) -> Difference:
    """The difference, by the times in which the answers are not the same."""
    if not stretches:
        return NO_DIFFERENCE
    errors = [stretch for stretch in stretches if step(stretch.before, stretch.after) is Step.TO_ERROR]
    return Difference(spans_of(stretch for stretch in stretches if stretch not in errors), spans_of(errors))
