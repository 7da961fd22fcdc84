"""What a switch from one context to another changes for products: counted, and where it can't be known, said.

Rules are evaluated once for each different set of the values that they use; products are counted by bisection.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import product as combinations
from typing import TYPE_CHECKING, NamedTuple

from pedigreed.impact.answers import Step, Stretch, always, differences, step
from pedigreed.impact.context import TypeRules
from pedigreed.impact.exposures import Exposures
from pedigreed.impact.headers import UNKNOWN, values_of
from pedigreed.impact.inventory import Span, is_always, joined, number_in, spans_of
from pedigreed.impact.matchers import alternatives
from pedigreed.impact.values import ANY, NOT_APPLICABLE, UNDEFINED
from pedigreed.model.pipeline import Use, is_known_type, making, use_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from pedigreed.impact.answers import Timeline
    from pedigreed.impact.context import Context
    from pedigreed.impact.inventory import Group, Inventory, Members
    from pedigreed.model.instrument import Instrument

_MOST_COMBINATIONS = 400
_SOMETHING_ELSE = "\1"
_RAW = "1b"
_ABSENT = TypeRules("")
"""A type that a context does not have: CRDS's answer leaves it out."""


class Place(NamedTuple):
    """Where products are: a program and an observation; None for products of several."""

    program: int
    observation: int | None


@dataclass(slots=True)
class Counts:
    """What a switch does to some products.

    Attributes:
        products: how many were looked at.
        changed: how many would get another file of at least one type.
        by_type: type -> of how many products another file.
        where_on: type -> how many more products, where a step is turned on that is off by default.
        errors: type -> for how many CRDS has an error where it had a file.
        places: where the changed products are -> how many.
        instruments: instrument -> how many changed.
        not_known: how many could not be told, for want of a value.
        without_exposures: how many products of stage 3 whose exposures are not known.
        unknown_exposures: EXP_TYPEs that the table of pipelines has not -> how many products.
        unknown_types: types that the table of reference types has not; they count for every product.
        not_understood: instrument and type whose rules were not understood -> why.
        uncertain: where nothing can be said of some product: instrument and type; an empty type for all of them.
    """

    products: int = 0
    changed: int = 0
    by_type: Counter[str] = field(default_factory=Counter)
    where_on: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    places: Counter[Place] = field(default_factory=Counter)
    instruments: Counter[Instrument] = field(default_factory=Counter)
    not_known: int = 0
    without_exposures: int = 0
    unknown_exposures: Counter[str] = field(default_factory=Counter)
    unknown_types: set[str] = field(default_factory=set)
    not_understood: dict[tuple[Instrument, str], str] = field(default_factory=dict)
    uncertain: set[tuple[Instrument, str]] = field(default_factory=set)


class Difference(NamedTuple):
    """When one type's answer differs, for one set of values of a header. `is_known` is False where values lack."""

    changed: tuple[Span, ...]
    errors: tuple[Span, ...]
    is_known: bool = True


_NO_DIFFERENCE = Difference((), ())
_NOT_KNOWN = Difference((), (), is_known=False)


class Comparison:
    """Two contexts, held against each other for products.

    `skip` names types that are not to be looked at, such as those that CRDS itself answers otherwise.
    """

    def __init__(
        self,
        old: Context,
        new: Context,
        given: Mapping[Instrument, Collection[str]],
        *,
        only: Collection[str] = (),
        every_type: bool = False,
        skip: Collection[tuple[Instrument, str]] = (),
    ) -> None:
        self._old, self._new, self._given = old, new, given
        self._every_type = every_type
        self._changed_types = {
            instrument: tuple(
                reftype
                for reftype in sorted({*old.types.get(instrument, {}), *new.types.get(instrument, {})})
                if self._rules(old, instrument, reftype).name != self._rules(new, instrument, reftype).name
                and (not only or reftype in only)
                and (instrument, reftype) not in skip
            )
            for instrument in {*old.types, *new.types}
        }
        self._differences: dict[tuple[Instrument, str, tuple[str, ...]], Difference] = {}
        self._inventory: Inventory | None = None
        self._exposures: Exposures | None = None
        self._of_header: dict[tuple[Instrument, int, str], Difference] = {}

    def types_of(self, instrument: Instrument) -> tuple[str, ...]:
        """The types whose rules are other files in the two contexts."""
        return self._changed_types.get(instrument, ())

    def not_understood(self) -> dict[tuple[Instrument, str], str]:
        """Instrument and type whose rules changed and were not understood -> why."""
        found = {}
        for instrument, types in self._changed_types.items():
            for reftype in types:
                for context in (self._old, self._new):
                    rmap = self._rules(context, instrument, reftype).rmap
                    if rmap is not None and rmap.form.not_understood:
                        found[instrument, reftype] = rmap.form.not_understood
        return found

    def counts(self, inventory: Inventory, groups: Iterable[Group] | None = None) -> Counts:
        """Count what changes for the products of an inventory, or of some of its groups."""
        counts = Counts()
        exposures = self._exposures
        if exposures is None or inventory is not self._inventory:
            exposures = self._exposures = Exposures(inventory)
            # Numbers of headers are an inventory's own.
            self._inventory, self._of_header = inventory, {}
        for group in inventory.groups if groups is None else groups:
            self._count(counts, group, inventory, exposures)
        for counter in (counts.by_type, counts.where_on, counts.errors):
            for reftype in [name for name, number in counter.items() if not number]:
                del counter[reftype]
        counts.unknown_types = {name for name in {*counts.by_type, *counts.where_on} if not is_known_type(name)}
        counts.not_understood = {
            about: why for about, why in self.not_understood().items() if about in counts.uncertain
        }
        return counts

    def _count(self, counts: Counts, group: Group, inventory: Inventory, exposures: Exposures) -> None:
        members = inventory.groups[group]
        counts.products += members.number
        if group.level == _RAW:
            return
        if group.level == "3":
            self._count_combined(counts, group, inventory, exposures)
            return
        changed: list[Span] = []
        unknown = False
        for reftype, use, found in self._found(counts, group, group, inventory):
            if not found.is_known:
                unknown = True
                counts.uncertain.add((group.instrument, reftype))
                continue
            number = _number(members, found.changed)
            if number is None:
                unknown = True
                counts.uncertain.add((group.instrument, reftype))
                number = number_in(members.starts, found.changed)
            if use is Use.YES:
                changed.extend(found.changed)
                counts.by_type[reftype] += number
            else:
                counts.where_on[reftype] += number
            counts.errors[reftype] += number_in(members.starts, found.errors)
        spans = joined(changed)
        number = number_in(members.starts, spans) + (members.undated if is_always(spans) else 0)
        self._add(counts, group, number, members.number - number if unknown else 0)

    def _count_combined(self, counts: Counts, group: Group, inventory: Inventory, exposures: Exposures) -> None:
        """A product of stage 3 changes where one of its exposures does."""
        number = inventory.groups[group].number
        parts = exposures.of(group)
        if not parts:
            counts.without_exposures += number
            counts.uncertain.add((group.instrument, ""))
            return
        yes: set[str] = set()
        where_on: set[str] = set()
        unknown = False
        for part in parts:
            members = inventory.groups[part]
            for reftype, use, found in self._found(counts, group, part, inventory):
                changed = _number(members, found.changed)
                if not found.is_known or changed is None:
                    unknown = True
                    counts.uncertain.add((group.instrument, reftype))
                if changed or (changed is None and number_in(members.starts, found.changed)):
                    (yes if use is Use.YES else where_on).add(reftype)
        for reftype in yes:
            counts.by_type[reftype] += number
        for reftype in where_on - yes:
            counts.where_on[reftype] += number
        self._add(counts, group, number if yes else 0, number if unknown and not yes else 0)

    def _add(self, counts: Counts, group: Group, changed: int, not_known: int) -> None:
        counts.changed += changed
        counts.not_known += not_known
        if changed:
            counts.places[Place(group.program, group.observation)] += changed
            counts.instruments[group.instrument] += changed

    def _found(
        self, counts: Counts, made: Group, exposure: Group, inventory: Inventory
    ) -> Iterator[tuple[str, Use, Difference]]:
        """For each type that changed and that the product is made with: when the exposure's answer differs."""
        types = self.types_of(exposure.instrument)
        if not types:
            return
        parameters = dict(inventory.headers[exposure.header])
        exp_type = parameters.get("exp_type")
        exp_type = None if exp_type is None else str(exp_type)
        is_time_series = str(parameters.get("tsovisit")).upper() in {"T", "TRUE"}
        how = making(exp_type, is_time_series=is_time_series, level=made.level, product_type=made.product_type)
        if not how.is_known:
            counts.unknown_exposures[exp_type or "none"] += inventory.groups[made].number
        for reftype in types:
            use = Use.YES if self._every_type else use_of(reftype, exposure.instrument, exp_type, how)
            if use is not Use.NO:
                yield reftype, use, self._difference(exposure, reftype, parameters)

    def _difference(self, group: Group, reftype: str, parameters: Mapping[str, object]) -> Difference:
        about = group.instrument, group.header, reftype
        known = self._of_header.get(about)
        if known is None:
            known = self._of_header[about] = self._evaluated(group.instrument, reftype, parameters)
        return known

    def _evaluated(self, instrument: Instrument, reftype: str, parameters: Mapping[str, object]) -> Difference:
        old, new = (self._rules(context, instrument, reftype) for context in (self._old, self._new))
        if any(rules.rmap is not None and rules.rmap.form.not_understood for rules in (old, new)):
            return _NOT_KNOWN
        keys = tuple(dict.fromkeys((*keys_of(old), *keys_of(new))))
        values = values_of(keys, parameters, instrument, self._given.get(instrument, ()))
        about = instrument, reftype, values
        known = self._differences.get(about)
        if known is None:
            known = self._differences[about] = _compared(old, new, keys, values)
        return known

    @staticmethod
    def _rules(context: Context, instrument: Instrument, reftype: str) -> TypeRules:
        return context.types.get(instrument, {}).get(reftype, _ABSENT)


def keys_of(rules: TypeRules) -> tuple[str, ...]:
    """The header's keys that an answer may depend on, beside the date's."""
    return () if rules.rmap is None else rules.rmap.keys


def timeline_of(rules: TypeRules, header: Mapping[str, str]) -> Timeline:
    """What the rules of a type answer over time for the values of a header."""
    if rules.rmap is None:
        return always(rules.answer)
    return rules.rmap.timeline(tuple(header[key] for key in rules.rmap.keys))


def _compared(old: TypeRules, new: TypeRules, keys: tuple[str, ...], values: tuple[str, ...]) -> Difference:
    """The difference. Where values lack, it is known if it is one for all that the rules tell apart."""
    choices = [
        _told_apart(old, new, key) if value == UNKNOWN else (value,)
        for key, value in zip(keys, values, strict=True)
    ]
    number = 1
    for choice in choices:
        number *= len(choice)
    if number > _MOST_COMBINATIONS:
        return _NOT_KNOWN
    found = {_difference(old, new, dict(zip(keys, some, strict=True))) for some in combinations(*choices)}
    return found.pop() if len(found) == 1 else _NOT_KNOWN


def _difference(old: TypeRules, new: TypeRules, header: Mapping[str, str]) -> Difference:
    before, after = timeline_of(old, header), timeline_of(new, header)
    if before is after or before == after:
        return _NO_DIFFERENCE
    stretches = list(differences(before, after))
    if not stretches:
        return _NO_DIFFERENCE

    def is_error(stretch: Stretch) -> bool:
        return step(stretch.before, stretch.after) is Step.TO_ERROR

    return Difference(
        spans_of(stretch for stretch in stretches if not is_error(stretch)),
        spans_of(stretch for stretch in stretches if is_error(stretch)),
    )


def _told_apart(old: TypeRules, new: TypeRules, key: str) -> tuple[str, ...]:
    """Values of a key that stand for all that it may have, as far as the rules tell them apart."""
    fields = {field for rules in (old, new) if rules.rmap is not None for field in rules.rmap.fields_of(key)}
    words = {part for field in fields for part in alternatives(field)} - {ANY, NOT_APPLICABLE}
    if any(set(word) & set("*?[(#<>{") or word.startswith(("BETWEEN", "NOT")) for word in words):
        return ("",) * (_MOST_COMBINATIONS + 1)
    return (UNDEFINED, NOT_APPLICABLE, _SOMETHING_ELSE, *sorted(words))


def _number(members: Members, spans: tuple[Span, ...]) -> int | None:
    """How many began within the spans. None where it depends on a start that is not known."""
    if not members.undated or not spans:
        return number_in(members.starts, spans)
    return members.number if is_always(spans) else None
