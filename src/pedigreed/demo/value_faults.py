"""Faults in what the rows hold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pedigreed.demo.fault import Fault

if TYPE_CHECKING:
    from pedigreed.demo.filters import Row, Value
    from pedigreed.demo.protocol import Answer, Query

TRUE_WORDS = ("True", "t", "T", "1", "true")
FALSE_WORDS = ("False", "f", "F", "0", "false")


class NumbersAsStrings(Fault):
    """Every number is written as a string."""

    def on_answer(self, answered: Answer, _query: Query) -> Answer:
        return replace(
            answered, rows=[{name: _written(value) for name, value in row.items()} for row in answered.rows]
        )


class BooleansAsWords(Fault):
    """Every boolean is a word; each row takes the next of the spellings."""

    def on_answer(self, answered: Answer, _query: Query) -> Answer:
        return replace(
            answered,
            rows=[
                {name: _said(value, number) for name, value in row.items()}
                for number, row in enumerate(answered.rows)
            ],
        )


@dataclass(frozen=True, slots=True)
class NullValues(Fault):
    """These columns are null in every row."""

    columns: tuple[str, ...] = ("cal_ver", "crds_ctx")

    def on_answer(self, answered: Answer, _query: Query) -> Answer:
        nulls: Row = dict.fromkeys(self.columns)
        return replace(
            answered,
            rows=[{name: nulls.get(name, value) for name, value in row.items()} for row in answered.rows],
        )


@dataclass(frozen=True, slots=True)
class MissingKeys(Fault):
    """Every other row, from the first on, lacks these columns, though the answer's fields name them."""

    columns: tuple[str, ...] = ("isStale", "checksum")

    def on_answer(self, answered: Answer, _query: Query) -> Answer:
        return replace(
            answered,
            rows=[
                row if number % 2 else {name: value for name, value in row.items() if name not in self.columns}
                for number, row in enumerate(answered.rows)
            ],
        )


def _written(value: Value) -> Value:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _said(value: Value, number: int) -> Value:
    if not isinstance(value, bool):
        return value
    words = TRUE_WORDS if value else FALSE_WORDS
    return words[number % len(words)]
