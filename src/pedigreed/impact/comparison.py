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
from pedigreed.model.impact import Changed, Impact
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


@dataclass(slots=True)
class _Counts:
    """An `Impact` in the making."""

    products: int = 0
    changed: int = 0
    by_type: Counter[str] = field(default_factory=Counter)
    where_on: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    places: Counter[tuple[int, int | None]] = field(default_factory=Counter)
    instruments: set[Instrument] = field(default_factory=set)
    not_known: int = 0
    without_exposures: int = 0
    unknown_exposures: Counter[str] = field(default_factory=Counter)
    uncertain: set[tuple[Instrument, str]] = field(default_factory=set)

    def add(self, group: Group, changed: int, not_known: int) -> None:
        self.changed += changed
        self.not_known += not_known
        if changed:
            self.places[group.program, group.observation] += changed
            self.instruments.add(group.instrument)


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

    def impact(self, inventory: Inventory, groups: Iterable[Group] | None = None) -> Impact:
        """What changes for the products of an inventory, or of some of its groups."""
        counts = _Counts()
        exposures = self._exposures
        if exposures is None or inventory is not self._inventory:
            exposures = self._exposures = Exposures(inventory)
            # Numbers of headers are an inventory's own.
            self._inventory, self._of_header = inventory, {}
        for group in inventory.groups if groups is None else groups:
            self._count(counts, group, inventory, exposures)
        by_type, where_on = _most_first(counts.by_type), _most_first(counts.where_on)
        return Impact(
            old=self._old.name,
            new=self._new.name,
            products=counts.products,
            changed=counts.changed,
            by_type=by_type,
            where_on=where_on,
            errors=_most_first(counts.errors),
            places=tuple(
                Changed(program, observation, number)
                for (program, observation), number in sorted(
                    counts.places.items(), key=lambda place: (place[0][0], place[0][1] or 0)
                )
            ),
            instruments=tuple(sorted(counts.instruments)),
            not_known=counts.not_known,
            without_exposures=counts.without_exposures,
            unknown_exposures=_most_first(counts.unknown_exposures),
            unknown_types=tuple(sorted({name for name, _ in (*by_type, *where_on) if not is_known_type(name)})),
            not_understood=tuple(
                (*about, why) for about, why in sorted(self.not_understood().items()) if about in counts.uncertain
            ),
            uncertain=tuple(sorted(counts.uncertain)),
        )

    def _count(self, counts: _Counts, group: Group, inventory: Inventory, exposures: Exposures) -> None:
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
        counts.add(group, number, members.number - number if unknown else 0)

    def _count_combined(self, counts: _Counts, group: Group, inventory: Inventory, exposures: Exposures) -> None:
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
        counts.add(group, number if yes else 0, number if unknown and not yes else 0)

    def _found(
        self, counts: _Counts, made: Group, exposure: Group, inventory: Inventory
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
            known = self._differences[about] = self._compared(old, new, keys, values)
        return known

    def _compared(
        self, old: TypeRules, new: TypeRules, keys: tuple[str, ...], values: tuple[str, ...]
    ) -> Difference:
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
        found = set()
        for some in combinations(*choices):
            header = dict(zip(keys, some, strict=True))
            found.add(_spans(self._between(timeline_of(old, header), timeline_of(new, header))))
        return found.pop() if len(found) == 1 else _NOT_KNOWN

    def _between(self, before: Timeline, after: Timeline) -> list[Stretch]:
        """When the answers differ."""
        return [] if before is after or before == after else list(differences(before, after))

    @staticmethod
    def _rules(context: Context, instrument: Instrument, reftype: str) -> TypeRules:
        return context.types.get(instrument, {}).get(reftype, _ABSENT)


class Usage(Comparison):
    """Which products a context gives one file. What is counted as changed is what uses it."""

    def __init__(
        self, context: Context, given: Mapping[Instrument, Collection[str]], reftype: str, file: str
    ) -> None:
        super().__init__(context, context, given, every_type=True)
        self._file = file
        self._changed_types = {
            instrument: (reftype,) for instrument, types in context.types.items() if reftype in types
        }

    def _between(self, before: Timeline, _after: Timeline) -> list[Stretch]:
        ends = [*before.starts, None]
        return [
            Stretch(since, until, before.undated, answer)
            for since, until, answer in zip(("", *before.starts), ends, before.answers, strict=True)
            if answer.name == self._file
        ]


def _most_first(numbers: Counter[str]) -> tuple[tuple[str, int], ...]:
    found = [(name, number) for name, number in numbers.items() if number]
    return tuple(sorted(found, key=lambda each: (-each[1], each[0])))


def keys_of(rules: TypeRules) -> tuple[str, ...]:
    """The header's keys that an answer may depend on, beside the date's."""
    return () if rules.rmap is None else rules.rmap.keys


def timeline_of(rules: TypeRules, header: Mapping[str, str]) -> Timeline:
    """What the rules of a type answer over time for the values of a header."""
    if rules.rmap is None:
        return always(rules.answer)
    return rules.rmap.timeline(tuple(header[key] for key in rules.rmap.keys))


def _spans(stretches: list[Stretch]) -> Difference:
    if not stretches:
        return _NO_DIFFERENCE
    errors = [stretch for stretch in stretches if step(stretch.before, stretch.after) is Step.TO_ERROR]
    return Difference(spans_of(stretch for stretch in stretches if stretch not in errors), spans_of(errors))


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
