"""The rules of one reference type of one instrument: which file an exposure gets by its header.

Source: `Mapping`, `ReferenceMapping`, `MatchSelector` and `UseAfterSelector` of crds 14.0.3, whose answers these
are, errors included. What is not followed is said: `NotUnderstoodError`.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

import msgspec

from pedigreed.impact.expressions import Expression, FailedExpressionError
from pedigreed.impact.mapping import NOT_APPLICABLE as NOT_APPLICABLE_WORDS
from pedigreed.impact.mapping import OMITTED as OMITTED_WORDS
from pedigreed.impact.matchers import BrokenRulesError, NotUnderstoodError, alternatives, words_of
from pedigreed.impact.rmap_column import RmapColumn
from pedigreed.impact.rmap_form import DATE_KEYS, Choice, RmapForm, form_of
from pedigreed.impact.rule_answers import (
    ERROR,
    NO_MATCH,
    NOT_APPLICABLE,
    OMITTED,
    Kind,
    RuleAnswer,
    Timeline,
    always,
)
from pedigreed.impact.values import ANY, picker
from pedigreed.impact.values import NOT_APPLICABLE as NA_VALUE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pedigreed.impact.mapping import RuleFile

_ALWAYS_KEYS = ("META.VISIT.TSOVISIT", "META.INSTRUMENT.LAMP_STATE")
"""What conditions may use of every header. Source: `extra_keys` of crds.jwst."""


def compile_rmap(rules: RuleFile) -> RmapForm:
    """Compile the rules of a type. Rules that are broken or not understood have a form too, which says so."""
    try:
        form = form_of(rules)
        Rmap(form).check()
    except BrokenRulesError as fault:
        return RmapForm(broken=str(fault))
    except NotUnderstoodError as fault:
        return RmapForm(not_understood=str(fault))
    return form


class Row(msgspec.Struct, frozen=True):
    """A row that matches: its fields, its weight, what it answers."""

    fields: tuple[str, ...]
    weight: int
    choice: Choice


class Rmap:
    """Rules that can be evaluated. What was evaluated once is remembered.

    Attributes:
        form: the rules.
        keys: the header's keys that the answer may depend on, beside the date's.
    """

    def __init__(self, form: RmapForm) -> None:
        self.form = form
        names = (*form.parkeys, *(DATE_KEYS), *form.extra, *_ALWAYS_KEYS)
        self._relevance = Expression(form.relevance, names) if form.relevance else None
        self._omission = Expression(form.omission, names) if form.omission else None
        irrelevant = {key: Expression(text, names) for key, text in form.irrelevant.items()}
        self._irrelevant = [
            (key, irrelevant[key.lower()]) for key in dict.fromkeys(names) if key.lower() in irrelevant
        ]
        self._comments = frozenset(key for key in form.parkeys if key.lower() in form.comments)
        conditions = [self._relevance, self._omission, *(condition for _, condition in self._irrelevant)]
        used = dict.fromkeys(key for condition in conditions if condition for key in condition.keys)
        self.keys = (*form.parkeys, *(key for key in used if key not in form.parkeys))
        self._pick = picker(self.keys)
        self._is_plain = not any(conditions) and not self._comments
        self._columns: list[RmapColumn] | None = None
        self._known: dict[tuple[str, ...], Timeline] = {}
        self._by_outcomes: dict[tuple[int | None, ...], Timeline] = {}

    @property
    def columns(self) -> list[RmapColumn]:
        if self._columns is None:
            form = self.form
            self._columns = [
                RmapColumn(fields, [row[at] for row in form.rows], form.substitutions.get(form.parkeys[at], {}))
                for at, fields in enumerate(form.fields)
            ]
        return self._columns

    def check(self) -> None:
        """See that every field can be matched.

        Raises:
            BrokenRulesError, NotUnderstoodError: see `matcher` and `Expression`.
        """
        conditioned_keys = {*self.keys, *(key for key, _ in self._irrelevant)}
        if conditioned_keys & set(DATE_KEYS) or {key.lower() for key in DATE_KEYS} & set(self.form.comments):
            raise NotUnderstoodError("a condition on the date")
        for column in self.columns:
            _ = column.matchers

    def timeline(self, values: tuple[str, ...]) -> Timeline:
        """What the rules answer over time for conditioned values of `keys`, in that order."""
        known = self._known.get(values)
        if known is None:
            known = self._known[values] = self._evaluated(values)
        return known

    def of(self, header: Mapping[str, str]) -> Timeline:
        """The same for a header that has all of `keys`."""
        return self.timeline(self._pick(header))

    def matching(self, values: tuple[str, ...]) -> list[Row]:
        """The rows that match, the weightiest first. None where CRDS refuses a value or looks at no row."""
        header = dict(zip(self.keys, values, strict=True))
        if self._settled(header) is not None:
            return []
        effective = zip(self.columns, self._effective(header), strict=True)
        found = self._candidates([column.outcome(value) for column, value in effective])
        return [] if found is None else [self._row(row, weight) for weight, rows in found for row in rows]

    def words_of(self, key: str) -> frozenset[str] | None:
        """The values of a key that the rules tell apart from all others; None where by more than equality."""
        form = self.form
        fields = form.fields[form.parkeys.index(key)] if key in form.parkeys else ()
        parts = {part for field in fields for part in alternatives(field)} - {ANY, NA_VALUE}
        if any(words_of(part) is None for part in parts):
            return None
        found = {*parts, *form.substitutions.get(key, ())}
        conditions = (self._relevance, self._omission, *(condition for _, condition in self._irrelevant))
        for condition in conditions:
            if condition is not None and key in condition.keys:
                if condition.words is None:
                    return None
                found |= condition.words
        return frozenset(found)

    def _row(self, row: int, weight: int) -> Row:
        form = self.form
        fields = tuple(form.fields[at][place] for at, place in enumerate(form.rows[row]))
        return Row(fields, weight, form.choices[row])

    def _evaluated(self, values: tuple[str, ...]) -> Timeline:
        if self.form.broken:
            return always(ERROR)
        if self._is_plain:
            return self._chosen(values)
        header = dict(zip(self.keys, values, strict=True))
        try:
            settled = self._settled(header)
            return self._chosen(self._effective(header)) if settled is None else settled
        except FailedExpressionError:
            return always(ERROR)

    def _chosen(self, values: Sequence[str]) -> Timeline:
        """What the rows answer. Values that match the same rows have one answer."""
        outcomes = tuple([column.outcome(value) for column, value in zip(self.columns, values, strict=True)])
        known = self._by_outcomes.get(outcomes)
        if known is None:
            nothing = (lambda answer: answer) if self.form.is_required else (lambda _answer: NOT_APPLICABLE)
            found = self._candidates(outcomes)
            known = self._by_outcomes[outcomes] = (
                always(nothing(ERROR))
                if found is None
                else _flattened([self._merged(rows) for _, rows in found], nothing)
            )
        return known

    def _settled(self, header: Mapping[str, str]) -> Timeline | None:
        """The answer where the header's conditions give it. A condition that fails is passed over."""
        for condition, decides, answer in (
            (self._omission, True, OMITTED),
            (self._relevance, False, NOT_APPLICABLE),
        ):
            if condition is None:
                continue
            try:
                if bool(condition.value(header)) is decides:
                    return always(answer)
            except FailedExpressionError:
                continue
        return None

    def _effective(self, header: Mapping[str, str]) -> list[str]:
        effective = dict(header)
        for key, condition in self._irrelevant:
            if not condition.value(header):
                effective[key] = NA_VALUE
        for key in self._comments:
            effective[key] = NA_VALUE
        return [effective[key] for key in self.form.parkeys]

    def _candidates(self, outcomes: Sequence[int | None]) -> list[tuple[int, list[int]]] | None:
        """Weight -> the rows that match with it, the greatest first. None where CRDS refuses a value."""
        found = []
        left = (1 << len(self.form.rows)) - 1
        for column, outcome in zip(self.columns, outcomes, strict=True):
            if outcome is None:
                return None
            weighty, light = column.outcomes[outcome]
            left &= weighty | light
            found.append(weighty)
        by_weight: dict[int, list[int]] = {}
        while left:
            bit = left & -left
            left ^= bit
            weight = sum(1 for weighty in found if weighty & bit)
            by_weight.setdefault(weight, []).append(bit.bit_length() - 1)
        return sorted(by_weight.items(), reverse=True)

    def _merged(self, rows: Sequence[int]) -> Choice | RuleAnswer:
        """What rows of one weight answer together."""
        choices = [self.form.choices[row] for row in rows]
        if len(choices) == 1:
            return choices[0]
        if not self.form.merges:
            return ERROR
        first, *others = choices
        if isinstance(first, str):
            return RuleAnswer(Kind.SEVERAL, " ".join(c if isinstance(c, str) else "UseAfter" for c in choices))
        if any(isinstance(other, str) for other in others):
            return ERROR
        greatest: dict[str, str] = {}
        for choice in choices:
            for date, name in zip(choice[::2], choice[1::2], strict=True):
                greatest[date] = max(name, greatest.get(date, name))
        return tuple(part for pair in sorted(greatest.items()) for part in pair)


def _flattened(candidates: Iterable[Choice | RuleAnswer], nothing: Callable[[RuleAnswer], RuleAnswer]) -> Timeline:
    """What candidates answer over time: the best that has a file by then; else the next."""
    pieces: list[tuple[str, RuleAnswer]] = []
    last: RuleAnswer | None = None
    undated: RuleAnswer | None = None
    limit: str | None = None
    for candidate in candidates:
        if isinstance(candidate, RuleAnswer):
            last = nothing(candidate) if candidate == ERROR else candidate
        elif isinstance(candidate, str):
            last = answer_of(candidate)
        if last is not None:
            break
        undated = undated or nothing(ERROR)
        dates, names = candidate[::2], candidate[1::2]
        end = len(dates) if limit is None else bisect_left(dates, limit)
        pieces.extend((date, answer_of(name)) for date, name in zip(dates[:end], names, strict=False))
        if end:
            limit = dates[0]
    before = nothing(NO_MATCH) if last is None else last
    pieces.sort()
    starts, answers = [], [before]
    for date, answer in pieces:
        if answer != answers[-1]:
            starts.append(date)
            answers.append(answer)
    return Timeline(tuple(starts), tuple(answers), before if undated is None else undated)


def answer_of(word: str) -> RuleAnswer:
    """What stands in the place of a file -> the answer."""
    if word in NOT_APPLICABLE_WORDS:
        return NOT_APPLICABLE
    return OMITTED if word in OMITTED_WORDS else RuleAnswer(Kind.FILE, word)
