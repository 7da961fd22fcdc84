"""What a switch from one context to another changes for products: counted, and where it can't be known, said.

Rules are evaluated once for each different set of the values that they use; products are counted by bisection.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from pedigreed.garbage import collected_seldom
from pedigreed.impact.difference import (
    NO_DIFFERENCE,
    NOT_KNOWN,
    Difference,
    RulePair,
    difference_of,
)
from pedigreed.impact.headers import EXP_TYPE_KEY, UNKNOWN
from pedigreed.impact.inventory import (
    ALWAYS,
    RAW,
    STAGE_THREE,
    Chosen,
    Kind,
    Span,
    is_always,
    joined,
    number_in,
)
from pedigreed.impact.rule_answers import Stretch, differences
from pedigreed.impact.values import UNDEFINED
from pedigreed.model.impact import Changed, Impact
from pedigreed.model.pipeline import Use, is_known_type, making, use_of
from pedigreed.model.product import WITHOUT_START
from pedigreed.model.reference_file import file_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from pedigreed.impact.context import Context
    from pedigreed.impact.headers import Values
    from pedigreed.impact.inventory import Group, Inventory, Members
    from pedigreed.impact.rule_answers import Timeline
    from pedigreed.model.instrument import Instrument
    from pedigreed.model.pipeline import Making

_TSOVISIT = "META.VISIT.TSOVISIT"


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
        self._uses: dict[tuple[Instrument, str | None, Making], Sequence[tuple[RulePair, Use]]] = {}
        self._inventory: Inventory | None = None
        self._plans: dict[Kind, _Plan] = {}
        self._found: dict[tuple[Instrument, int, str], Difference] = {}

    def _changed(self, instrument: Instrument, only: Collection[str]) -> Iterator[RulePair]:
        old, new = self._old, self._new
        for reftype in sorted({*old.types.get(instrument, ()), *new.types.get(instrument, ())}):
            before, after = old.rules(instrument, reftype), new.rules(instrument, reftype)
            if before.name != after.name and (not only or reftype in only):
                yield RulePair.of(reftype, before, after)

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

    @collected_seldom()
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
        by_type, where_on, errors = map(_most_first, (counts.by_type, counts.where_on, counts.errors))
        acting = {name for name, _ in (*by_type, *where_on, *errors)} | {name for _, name in counts.uncertain}
        instruments = {kind.instrument for kind in chosen.by_kind}
        is_switch = self._old is not self._new
        others = {name for instrument in instruments for name in self.types_of(instrument) if is_switch}
        return Impact(
            old=self._old.name,
            new=self._new.name,
            products=counts.products,
            changed=counts.changed,
            by_type=by_type,
            where_on=where_on,
            errors=errors,
            without_effect=tuple(sorted(others - acting)),
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

    def types_of_product(self, inventory: Inventory, group: Group, start: int) -> tuple[str, ...] | None:
        """The types of which one product of a group gets another file, sorted; None where that can't be told.

        `start` is when its observation began, microseconds since 1970, or `WITHOUT_START`.
        """
        if inventory is not self._inventory:
            self._inventory, self._plans, self._found = inventory, {}, {}
        if group.level == RAW:
            return ()
        parts: Sequence[tuple[Group, Sequence[int]]] = [(group, (start,))]
        if group.level == STAGE_THREE:
            parts = [(part, _starts_of(inventory.groups[part])) for part in inventory.exposures.of(group)]
        found: set[str] = set()
        for part, starts in parts:
            plan = self._plan(Kind(part.instrument, part.header, group.level, group.product_type), inventory)
            for effect in plan.effects:
                if effect.use is Use.YES:
                    changes = [_is_in(each, effect.found.changed) for each in starts]
                    if not effect.found.is_known or None in changes:
                        return None
                    if any(changes):
                        found.add(effect.reftype)
        return tuple(sorted(found)) if parts else None

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
        for pair, use in self._used(kind.instrument, pairs, exp_type, how):
            found = self._difference(kind, pair, values)
            if found is not NO_DIFFERENCE:
                effects.append(_Effect(pair.reftype, use, found))
        return _Plan(tuple(effects), "" if how.is_known else exp_type or "none")

    def _used(
        self, instrument: Instrument, pairs: Sequence[RulePair], exp_type: str | None, how: Making
    ) -> Sequence[tuple[RulePair, Use]]:
        """The types that products of one kind of exposure are made with."""
        about = instrument, exp_type, how
        known = self._uses.get(about)
        if known is None:
            uses = (
                (pair, Use.YES if self._every_type else use_of(pair.reftype, instrument, exp_type, how))
                for pair in pairs
            )
            known = self._uses[about] = [(pair, use) for pair, use in uses if use is not Use.NO]
        return known

    def _difference(self, kind: Kind, pair: RulePair, values: Values) -> Difference:
        about = kind.instrument, kind.header, pair.reftype
        found = self._found.get(about)
        if found is None:
            found = self._found[about] = self._evaluated(kind.instrument, pair, values)
        return found

    def _evaluated(self, instrument: Instrument, pair: RulePair, values: Values) -> Difference:
        if pair.not_understood or (instrument, pair.reftype) in self._doubted:
            return NOT_KNOWN
        needed = pair.pick(values)
        about = pair.old.name, pair.new.name, needed
        known = self._differences.get(about)
        if known is None:
            known = self._differences[about] = self._compared(pair, needed)
        return known

    def _compared(self, pair: RulePair, values: tuple[str, ...]) -> Difference:
        """The difference. Where values lack, it is known if it is one for all that the rules tell apart."""
        headers = pair.headers(values)
        if headers is None:
            return NOT_KNOWN
        found = {
            difference_of(self._between(pair.old.timeline(header), pair.new.timeline(header)))
            for header in headers
        }
        return found.pop() if len(found) == 1 else NOT_KNOWN

    def _between(self, before: Timeline, after: Timeline) -> list[Stretch]:
        """When the answers differ."""
        return [] if before is after or before == after else list(differences(before, after))


class Usage(Comparison):
    """Which products a context gives one of some files. What is counted as changed is what is made with it."""

    def __init__(
        self,
        context: Context,
        files: Collection[str],
        *,
        every_type: bool = False,
        known: dict[tuple[str, str, tuple[str, ...]], Difference] | None = None,
    ) -> None:
        """Evaluate nothing yet. `files` are of references, ``jwst_miri_flat_0541.fits``, or of a type's rules."""
        super().__init__(context, context, every_type=every_type, known=known)
        self._files = frozenset(files)
        about = {(form.instrument, form.reference_type) for name in files if (form := file_name(name)) is not None}
        self._pairs = {
            instrument: tuple(
                RulePair.of(reftype, rules, rules)
                for reftype, rules in sorted(types.items(), key=lambda each: each[0])
                if (instrument, reftype) in about
            )
            for instrument, types in context.types.items()
        }

    def _compared(self, pair: RulePair, values: tuple[str, ...]) -> Difference:
        if pair.new.name in self._files:
            return Difference((ALWAYS,), ())
        return super()._compared(pair, values)

    def _between(self, before: Timeline, _after: Timeline) -> list[Stretch]:
        ends = [*before.starts, None]
        return [
            Stretch(since, until, before.undated, answer)
            for since, until, answer in zip(("", *before.starts), ends, before.answers, strict=True)
            if answer.name in self._files
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


def _starts_of(members: Members) -> Sequence[int]:
    return [*members.starts, *([WITHOUT_START] if members.undated else ())]


def _is_in(start: int, spans: tuple[Span, ...]) -> bool | None:
    """Whether a start is in one of the spans. None where it is not known, and that matters."""
    if start == WITHOUT_START:
        return is_always(spans) or (None if spans else False)
    return any(since <= start and (until is None or start < until) for since, until in spans)


def _most_first(numbers: Counter[str]) -> tuple[tuple[str, int], ...]:
    found = [(name, number) for name, number in numbers.items() if number]
    return tuple(sorted(found, key=lambda each: (-each[1], each[0])))


def _number(members: Members, spans: tuple[Span, ...]) -> int | None:
    """How many began within the spans. None where it depends on a start that is not known."""
    if not members.undated or not spans:
        return number_in(members.starts, spans)
    return members.number if is_always(spans) else None
