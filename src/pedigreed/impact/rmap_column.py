"""One key of the rows of an rmap: which rows a value of a header matches.

Source: `MatchSelector` of crds 14.0.3.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pedigreed.impact.matchers import MATCHES, REFUSES, alternatives, is_unchecked, matcher, words_of
from pedigreed.impact.values import ANY, NOT_APPLICABLE, conditioned

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_Matcher = tuple[Callable[[str], int], int]
"""What holds a value against a field, and the rows that have this field."""


class RmapColumn:
    """One key of the rows: which rows a value of a header matches, found once for each value.

    Attributes:
        outcomes: the different sets of rows that values match, with weight and without, as bits.
    """

    def __init__(self, fields: Sequence[str], places: Sequence[int], substitutions: Mapping[str, str]) -> None:
        self._fields = fields
        self._substitutions = substitutions
        self._rows = [0] * len(fields)
        for row, place in enumerate(places):
            self._rows[place] |= 1 << row
        self._matchers: list[_Matcher] | None = None
        self._by_word: tuple[dict[str, int], int, list[_Matcher]] | None = None
        self.outcomes: list[tuple[int, int]] = []
        self._numbers: dict[tuple[int, int], int] = {}
        self._found: dict[str, int | None] = {}
        self._valid: frozenset[str] | None = None

    @property
    def matchers(self) -> list[_Matcher]:
        """What holds a value against a field, and the rows that have this field."""
        if self._matchers is None:
            self._matchers = [(matcher(field), rows) for field, rows in zip(self._fields, self._rows, strict=True)]
        return self._matchers

    @property
    def valid(self) -> frozenset[str]:
        """The values that CRDS takes for valid. Empty where it takes every one."""
        if self._valid is None:
            parts = {part for field in self._fields for part in alternatives(field)}
            self._valid = frozenset() if any(map(is_unchecked, self._fields)) else frozenset(parts)
        return self._valid

    def outcome(self, value: str) -> int | None:
        """Which of `outcomes` a value has. None where CRDS refuses the value."""
        if value not in self._found:
            self._found[value] = self._number(value) if self._is_valid(value) else None
        return self._found[value]

    def _number(self, value: str) -> int:
        rows = self._matched(value)
        number = self._numbers.get(rows)
        if number is None:
            number = self._numbers[rows] = len(self.outcomes)
            self.outcomes.append(rows)
        return number

    def _matched(self, value: str) -> tuple[int, int]:
        if value in {ANY, NOT_APPLICABLE}:
            weighty, light, others = 0, 0, self.matchers
        else:
            if self._by_word is None:
                self._by_word = self._words()
            words, light, others = self._by_word
            weighty = words.get(value, 0)
        for match, rows in others:
            outcome = match(value)
            if outcome == MATCHES:
                weighty |= rows
            elif outcome != REFUSES:
                light |= rows
        return weighty, light

    def _words(self) -> tuple[dict[str, int], int, list[_Matcher]]:
        """The rows of each value that fields name as it is, those of N/A, and the matchers of all other fields."""
        words: dict[str, int] = {}
        light = 0
        others = []
        for field, rows in zip(self._fields, self._rows, strict=True):
            named = words_of(field)
            if field == NOT_APPLICABLE:
                light = rows
            elif named is None:
                others.append((matcher(field), rows))
            else:
                for word in named:
                    words[word] = words.get(word, 0) | rows
        return words, light, others

    def _is_valid(self, value: str) -> bool:
        valid = self.valid
        while True:
            if not valid or value in valid or conditioned(value) in valid or valid & {ANY, "ANY", NOT_APPLICABLE}:
                return True
            if not value.startswith("NOT"):
                break
            value = value.removeprefix("NOT").strip()
        if is_unchecked(value) or value in {ANY, "ANY", NOT_APPLICABLE}:
            return True
        only = next(iter(valid))
        if len(valid) == 1 and ":" in only:
            try:
                least, most = (float(part) for part in only.split(":"))
                return least <= float(value) <= most
            except ValueError:
                return False
        if value in self._substitutions:
            return self._is_valid(self._substitutions[value])
        return False
