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
from pedigreed.impact.headers import EXP_TYPE_KEY, UNKNOWN
from pedigreed.impact.inventory import Chosen, Kind, Span, is_always, joined, number_in, spans_of
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
_TSOVISIT = "META.VISIT.TSOVISIT"
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


class _Pair(NamedTuple):
    """The rules of one type in the two contexts, and the keys that either uses."""

    reftype: str
    old: TypeRules
    new: TypeRules
    keys: tuple[str, ...]
    not_understood: str

    @classmethod
    def of(cls, reftype: str, old: TypeRules, new: TypeRules) -> _Pair:
        reasons = (each.rmap.form.not_understood for each in (old, new) if each.rmap is not None)
        keys = tuple(dict.fromkeys((*keys_of(old), *keys_of(new))))
        return cls(reftype, old, new, keys, next(filter(None, reasons), ""))


class _Effect(NamedTuple):
    """What one type does to products of one kind."""

    reftype: str
    use: Use
    found: Difference


class _Plan(NamedTuple):
    """What a switch does to products of one kind. `unknown_exposure` is an EXP_TYPE that no table has."""

    effects: tuple[_Effect, ...]
    unknown_exposure: str


_NO_PLAN = _Plan((), "")


class Comparison:
    """Two contexts, held against each other for products.

    `doubted` names types of which nothing is known, such as those that CRDS itself answers otherwise.
    """

    def __init__(
        self,
        old: Context,
        new: Context,
        *,
        only: Collection[str] = (),
        every_type: bool = False,
        doubted: Collection[tuple[Instrument, str]] = (),
        known: dict[tuple[str, str, tuple[str, ...]], Difference] | None = None,
    ) -> None:
        """Evaluate nothing yet.

        Args:
            old: the one context.
            new: the other.
            only: the types that are looked at; empty for all.
            every_type: look at types too that a product is not made with.
            doubted: see above.
            known: what is known already, which is added to. Comparisons of several contexts may share it.
        """
        self._old, self._new = old, new
        self._every_type = every_type
        self._doubted = frozenset(doubted)
        self._pairs = {
            instrument: tuple(self._changed(instrument, only)) for instrument in {*old.types, *new.types}
        }
        self._differences = {} if known is None else known
        self._inventory: Inventory | None = None
        self._plans: dict[Kind, _Plan] = {}
        self._found: dict[tuple[Instrument, int, str], Difference] = {}

    def _changed(self, instrument: Instrument, only: Collection[str]) -> Iterator[_Pair]:
        old, new = (context.types.get(instrument, {}) for context in (self._old, self._new))
        for reftype in sorted({*old, *new}):
            before, after = old.get(reftype, _ABSENT), new.get(reftype, _ABSENT)
            if before.name != after.name and (not only or reftype in only):
                yield _Pair.of(reftype, before, after)

    def types_of(self, instrument: Instrument) -> tuple[str, ...]:
        """The types whose rules are other files in the two contexts."""
        return tuple(pair.reftype for pair in self._pairs.get(instrument, ()))

    def not_understood(self) -> dict[tuple[Instrument, str], str]:
        """Instrument and type whose rules changed and were not understood -> why."""
        found = dict.fromkeys(self._doubted, "CRDS itself answers otherwise")
        for instrument, pairs in self._pairs.items():
            for pair in pairs:
                if pair.not_understood:
                    found[instrument, pair.reftype] = pair.not_understood
        return found

    def impact(self, inventory: Inventory, groups: Iterable[Group] | None = None) -> Impact:
        """What changes for the products of an inventory, or of some of its groups."""
        if inventory is not self._inventory:
            # Numbers of headers are an inventory's own.
            self._inventory, self._plans, self._found = inventory, {}, {}
        chosen = inventory.whole if groups is None else Chosen(inventory, groups)
        counts = _Counts(products=chosen.products)
        for kind, together in chosen.by_kind.items():
            plan = self._plan(kind, inventory)
            if plan.effects or plan.unknown_exposure:
                for group in together:
                    _count(counts, group, inventory.groups[group], plan)
        for group in chosen.combined:
            self._count_combined(counts, group, inventory)
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

    def _count_combined(self, counts: _Counts, group: Group, inventory: Inventory) -> None:
        """A product of stage 3 changes where one of its exposures does."""
        number = inventory.groups[group].number
        parts = inventory.exposures.of(group)
        if not parts:
            counts.without_exposures += number
            counts.uncertain.add((group.instrument, ""))
            return
        yes: set[str] = set()
        where_on: set[str] = set()
        unknown = False
        for part in parts:
            plan = self._plan(Kind(part.instrument, part.header, group.level, group.product_type), inventory)
            if plan.unknown_exposure:
                counts.unknown_exposures[plan.unknown_exposure] += number
            for effect in plan.effects:
                starts = inventory.groups[part]
                changed = _number(starts, effect.found.changed)
                if not effect.found.is_known or changed is None:
                    unknown = True
                    counts.uncertain.add((group.instrument, effect.reftype))
                if changed or (changed is None and number_in(starts.starts, effect.found.changed)):
                    (yes if effect.use is Use.YES else where_on).add(effect.reftype)
        counts.by_type.update(dict.fromkeys(yes, number))
        counts.where_on.update(dict.fromkeys(where_on - yes, number))
        counts.add(group, number if yes else 0, number if unknown and not yes else 0)

    def _plan(self, kind: Kind, inventory: Inventory) -> _Plan:
        known = self._plans.get(kind)
        if known is None:
            known = self._plans[kind] = self._planned(kind, inventory)
        return known

    def _planned(self, kind: Kind, inventory: Inventory) -> _Plan:
        pairs = self._pairs.get(kind.instrument)
        if not pairs:
            return _NO_PLAN
        values = inventory.values(kind.instrument, kind.header)
        exp_type = None if values[EXP_TYPE_KEY] in {UNDEFINED, UNKNOWN} else values[EXP_TYPE_KEY]
        how = making(
            exp_type,
            is_time_series=values[_TSOVISIT] == "T",
            level=kind.level,
            product_type=kind.product_type,
        )
        effects = []
        for pair in pairs:
            use = Use.YES if self._every_type else use_of(pair.reftype, kind.instrument, exp_type, how)
            if use is not Use.NO:
                found = self._difference(kind, pair, values)
                if found is not _NO_DIFFERENCE:
                    effects.append(_Effect(pair.reftype, use, found))
        return _Plan(tuple(effects), "" if how.is_known else exp_type or "none")

    def _difference(self, kind: Kind, pair: _Pair, values: Mapping[str, str]) -> Difference:
        about = kind.instrument, kind.header, pair.reftype
        found = self._found.get(about)
        if found is None:
            found = self._found[about] = self._evaluated(kind.instrument, pair, values)
        return found

    def _evaluated(self, instrument: Instrument, pair: _Pair, values: Mapping[str, str]) -> Difference:
        if pair.not_understood or (instrument, pair.reftype) in self._doubted:
            return _NOT_KNOWN
        needed = tuple([values.get(key, UNKNOWN) for key in pair.keys])
        about = pair.old.name, pair.new.name, needed
        known = self._differences.get(about)
        if known is None:
            known = self._differences[about] = self._compared(pair.old, pair.new, pair.keys, needed)
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


class Usage(Comparison):
    """Which products a context gives one file. What is counted as changed is what uses it."""

    def __init__(self, context: Context, reftype: str, file: str) -> None:
        super().__init__(context, context, every_type=True)
        self._file = file
        self._pairs = {
            instrument: (_Pair.of(reftype, types[reftype], types[reftype]),)
            for instrument, types in context.types.items()
            if reftype in types
        }

    def _between(self, before: Timeline, _after: Timeline) -> list[Stretch]:
        ends = [*before.starts, None]
        return [
            Stretch(since, until, before.undated, answer)
            for since, until, answer in zip(("", *before.starts), ends, before.answers, strict=True)
            if answer.name == self._file
        ]


def _count(counts: _Counts, group: Group, members: Members, plan: _Plan) -> None:
    """Count the products of a group that are made of one exposure each."""
    changed: list[Span] = []
    unknown = False
    if plan.unknown_exposure:
        counts.unknown_exposures[plan.unknown_exposure] += members.number
    for reftype, use, found in plan.effects:
        number = _number(members, found.changed) if found.is_known else 0
        if not found.is_known or number is None:
            unknown = True
            counts.uncertain.add((group.instrument, reftype))
            number = number_in(members.starts, found.changed)
        if use is Use.YES:
            changed.extend(found.changed)
            counts.by_type[reftype] += number
        else:
            counts.where_on[reftype] += number
        counts.errors[reftype] += number_in(members.starts, found.errors)
    spans = joined(changed) if len(changed) > 1 else tuple(changed)
    number = number_in(members.starts, spans) + (members.undated if is_always(spans) else 0)
    counts.add(group, number, members.number - number if unknown else 0)


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
