"""The filters of a keyword service: discrete values, ranges, and SQL's LIKE.

What the service does follows its public documentation and the code of people who use it: discrete values are
strings, whatever the column; a number may be written with leading zeros; letters match in either case; null
matches nothing; a filter on a date that is not an MJD is ignored without a word.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from pedigreed.demo.columnsconfig import DATES_WITHOUT_MJD
from pedigreed.model.failure import Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pedigreed.demo.columnsconfig import ColumnType

Value = str | int | float | bool | None
Row = dict[str, Value]

_TRUE = frozenset(("t", "true", "1"))
_FALSE = frozenset(("f", "false", "0"))


class Filter(msgspec.Struct, frozen=True):
    """One filter as the request has it."""

    paramName: str  # noqa: N815  # as the wire spells it
    values: list[Any] = msgspec.field(default_factory=list)
    freeText: str | None = None  # noqa: N815  # as the wire spells it
    separator: str | None = None


def predicate_of(asked: Filter, columns: Mapping[str, ColumnType]) -> Callable[[Row], bool]:
    """Whether a row passes the filter.

    Raises:
        Unreadable: with the service's words for a column that it has not, or values that it refuses.
    """
    if asked.paramName.lower() in {name.lower() for name in DATES_WITHOUT_MJD}:
        return _everything
    column = column_named(asked.paramName, columns)
    matchers = [_matcher(value, column, columns[column]) for value in asked.values]
    if asked.freeText:
        pattern = like(asked.freeText)
        matchers.append(lambda value: pattern.fullmatch(str(value)) is not None)
    if not matchers:
        return _everything
    separator = asked.separator

    def passes(row: Row) -> bool:
        value = row.get(column)
        if value is None:
            return False
        parts = value.split(separator) if separator and isinstance(value, str) else [value]
        return any(matches(part) for matches in matchers for part in parts)

    return passes


def column_named(name: str, columns: Mapping[str, ColumnType]) -> str:
    """The column of that name, in either case. Raises `Unreadable` as SQL Server says it."""
    if name in columns:
        return name
    for column in columns:
        if column.lower() == name.lower():
            return column
    raise Unreadable(f"Invalid column name '{name}'.")


def like(text: str) -> re.Pattern[str]:
    """SQL's LIKE as a regular expression: ``%``, ``_``, ``[abc]``, ``[a-c]`` and ``[^abc]``."""
    parts = re.findall(r"\[[^\]]+\]|.", text, re.DOTALL)
    expression = "".join(_like_part(part) for part in parts)
    return re.compile(expression, re.IGNORECASE | re.DOTALL)


def _like_part(part: str) -> str:
    if part == "%":
        return ".*"
    if part == "_":
        return "."
    if part.startswith("[") and len(part) > 1:
        negation = "^" if part[1] == "^" else ""
        members = part[1 + len(negation) : -1].replace("\\", r"\\").replace("[", r"\[")
        return f"[{negation}{members}]"
    return re.escape(part)


def _matcher(asked: object, column: str, kind: ColumnType) -> Callable[[Value], bool]:
    if isinstance(asked, dict):
        return _range_matcher(asked, column, kind)
    if not isinstance(asked, str):
        raise Unreadable(f"Filter '{column}': every value must be a string.")
    if kind in {"int", "float"}:
        number = _number(asked, kind)
        return lambda value: value == number
    if kind == "boolean":
        truth = _truth(asked)
        return lambda value: value is truth
    lowered = asked.lower()
    return lambda value: str(value).lower() == lowered


def _range_matcher(asked: dict[str, Any], column: str, kind: ColumnType) -> Callable[[Value], bool]:
    if kind not in {"int", "float"}:
        raise Unreadable("Error converting data type varchar to float.")
    try:
        least, most = float(asked["min"]), float(asked["max"])
    except (KeyError, TypeError, ValueError):
        raise Unreadable(f"Filter '{column}': a range needs a numeric min and max.") from None
    return lambda value: isinstance(value, int | float) and least <= value <= most


def _number(text: str, kind: ColumnType) -> float:
    try:
        return int(text) if kind == "int" else float(text)
    except ValueError:
        raise Unreadable(
            f"Conversion failed when converting the varchar value '{text}' to data type {kind}."
        ) from None


def _truth(text: str) -> bool:
    lowered = text.lower()
    if lowered not in _TRUE | _FALSE:
        raise Unreadable(f"Conversion failed when converting the varchar value '{text}' to data type bit.")
    return lowered in _TRUE


def _everything(_row: Row) -> bool:
    return True
