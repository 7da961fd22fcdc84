"""How one field of a rule's key is held against one value of a header.

    'MIRIMAGE'          equal                     'A|B|F1*'        one of several, each with wild cards
    '*'                 any                       'N/A'            matters not: matches, and adds no weight
    'BETWEEN 1 50'      1 <= number < 50          '#>1 AND <=9#'   comparisons
    '{A|B}'             equal, just as it stands  '(F1[0-9]+W)'    a regular expression
    'NOT x'             what x refuses

Source: `matcher` of crds 14.0.3, which is followed with its faults: ``# >=5 #`` never matches, and the third part
of an AND or OR is passed over.
"""

from __future__ import annotations

import fnmatch
import operator
import re
import warnings
from typing import TYPE_CHECKING

from pedigreed.impact.values import ANY, NOT_APPLICABLE

if TYPE_CHECKING:
    from collections.abc import Callable

MATCHES, MATTERS_NOT, REFUSES = 1, 0, -1
LONGEST_KEY = 20_000
"""Characters of one field. The longest real one of 2019 has 400."""
_LONGEST_EXPRESSION = 200
_MOST_REPETITIONS = 3

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
_COMPARISON = re.compile(r"^([><]=?)\s*([-+]?[0-9]*\.?[0-9]+([eE][-+]?[0-9]+)?)")
_BETWEEN_PARTS = 3
_WILD = frozenset("*?[")
_DEEPEST = 20


class NotUnderstoodError(ValueError):
    """CRDS may understand it, and this program does not: nothing is said of the type."""


class BrokenRulesError(ValueError):
    """CRDS itself cannot load these rules: every answer of the type is an error."""


def alternatives(field: str) -> list[str]:
    """The parts of ``A|B``, sorted; the field alone where it is of another form."""
    if not is_unchecked(field) and "|" in field:
        return sorted(part.strip() for part in field.split("|") if part.strip())
    return [field]


def is_unchecked(field: str) -> bool:
    """Whether a field is such that CRDS takes any value of a header for a valid one."""
    field = field.upper()
    return (field.startswith(("{", "(", "#")) and field.endswith(("}", ")", "#"))) or field.startswith(
        ("BETWEEN", "NOT")
    )


def words_of(field: str) -> list[str] | None:
    """The values that alone a field matches, apart from ``*`` and N/A; None where it is of another form."""
    if is_unchecked(field) or field == NOT_APPLICABLE or field.startswith((">", "<")):
        return None
    words = alternatives(field)
    return None if not words or any(set(word) & _WILD for word in words) else words


def matcher(field: str, depth: int = _DEEPEST) -> Callable[[str], int]:  # noqa: PLR0911 - as many as forms
    """What takes a conditioned value and says `MATCHES`, `MATTERS_NOT` or `REFUSES`.

    Raises:
        BrokenRulesError: CRDS can't load a rule file with such a field.
        NotUnderstoodError: it is beyond the limits here, such as a regular expression that may run away.
    """
    if len(field) > LONGEST_KEY or depth == 0:
        raise NotUnderstoodError("a key that is too long or too deep")
    if field.startswith("(") and field.endswith(")"):
        return _plain(field[1:-1], _expression(field[1:-1]))
    if field.startswith("{") and field.endswith("}"):
        return _plain(field[1:-1])
    if field.startswith("#") and field.endswith("#"):
        return _relation(field.upper(), depth)
    if field.upper().startswith("BETWEEN"):
        return _between(field, depth)
    if field.upper().startswith("NOT "):
        inner = matcher(field[len("NOT ") :].strip(), depth - 1)
        return lambda value: -inner(value)
    if "|" in field or "*" in field:
        return _one_of(field)
    if field == NOT_APPLICABLE:
        return lambda _value: MATTERS_NOT
    if field.startswith((">", "<")):
        return _comparison(field)
    return _plain(field)


def _plain(key: str, also: Callable[[str], object] | None = None) -> Callable[[str], int]:
    """Equal to the key, or what else is to match."""

    def match(value: str) -> int:
        if value in (key, ANY):
            return MATCHES
        if value == NOT_APPLICABLE:
            return MATTERS_NOT
        return MATCHES if also is not None and also(value) else REFUSES

    return match


def _expression(text: str) -> Callable[[str], object]:
    if len(text) > _LONGEST_EXPRESSION or not _ends_soon(text):
        raise NotUnderstoodError(f"a regular expression that may run away: {text[:40]}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return re.compile(text).match
    except (FutureWarning, DeprecationWarning):
        raise NotUnderstoodError(f"a regular expression of doubtful meaning: {text[:40]}") from None
    except (re.error, OverflowError, RecursionError) as fault:
        raise BrokenRulesError(f"no regular expression: {text[:40]}") from fault


def _ends_soon(text: str) -> bool:
    """Whether a regular expression is surely quick on any short text: few repetitions, and none of a group."""
    repeated = len(re.findall(r"[*+{]", text))
    return (
        repeated <= _MOST_REPETITIONS
        and text.count("?") <= _MOST_REPETITIONS
        and not re.search(r"\)[*+{]|\(\?|\\[0-9]|\\[gk]", text)
    )


def _one_of(field: str) -> Callable[[str], int]:
    parts = alternatives(field)
    words = frozenset(part for part in parts if not set(part) & _WILD)
    # The form in which CRDS joins them. A word alone is found by hash first.
    joined = "^(" + "|".join(fnmatch.translate(part) for part in parts) + ")$"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            pattern = None if len(words) == len(parts) and words else re.compile(joined)
    except (FutureWarning, DeprecationWarning):
        raise NotUnderstoodError(f"a wild card of doubtful meaning: {field[:40]}") from None
    except (re.error, OverflowError, RecursionError) as fault:
        raise BrokenRulesError(f"no wild card: {field[:40]}") from fault
    return _plain(joined, lambda value: value in words or (pattern is not None and pattern.match(value)))


def _relation(field: str, depth: int) -> Callable[[str], int]:
    if " AND " in field:
        return _both(field, "AND", depth)
    if " OR " in field:
        return _both(field, "OR", depth)
    return matcher(field[1:-1], depth - 1)


def _both(field: str, word: str, depth: int) -> Callable[[str], int]:
    inner = field.strip()[1:-1] if field.strip().startswith("#") else field
    first, second, *_ = [matcher(part.strip(), depth - 1) for part in inner.split(word)[:2]]
    joined = all if word == "AND" else any
    return _plain(field, lambda value: joined(part(value) == MATCHES for part in (first, second)))


def _between(field: str, depth: int) -> Callable[[str], int]:
    parts = field.split()
    try:
        is_range = len(parts) == _BETWEEN_PARTS and float(parts[1]) <= float(parts[2])
    except ValueError:
        is_range = False
    if not is_range:
        raise BrokenRulesError(f"no range: {field[:40]}")
    return _both(f">={parts[1]} AND <{parts[2]}", "AND", depth)


def _comparison(field: str) -> Callable[[str], int]:
    parts = _COMPARISON.match(field)
    if parts is None:
        raise BrokenRulesError(f"no comparison: {field[:40]}")
    compared, bound = _COMPARISONS[parts[1]], float(parts[2])

    def holds(value: str) -> bool:
        try:
            return compared(float(value), bound)
        except ValueError:
            return False

    return _plain(field, holds)
