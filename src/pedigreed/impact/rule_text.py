"""The text of a rule file, read into plain values. Nothing in it is ever executed.

A rule file is written in a small part of Python: assignments of dictionaries, with calls that name a selector.

    header = {'name': 'jwst_miri_flat_0043.rmap', ...}
    selector = Match({('MIRIMAGE', 'F560W'): UseAfter({'2000-01-01 00:00:00': 'jwst_miri_flat_0541.fits'})})

Only this part is read: text, numbers, True, False, None, tuples, lists, dictionaries and calls with one argument.
 Everything else is an error with its line. Length, depth and number of values are limited.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from pedigreed.model.failure import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_TEXT = 1_000_000
"""Characters. The longest real file of 2025 has 53,400."""
DEEPEST = 12
MOST_VALUES = 200_000
_LONGEST_NUMBER = 40
_MOST_DIGITS = 18
"""Of a whole number. Longer ones may be chosen so that a dictionary takes them all for one."""

_TOKEN = re.compile(
    r"(?P<blank>[ \t\r\n\f]+|\#[^\n]*|\\\r?\n)"
    r"|(?P<text>'''(?:[^\\]|\\.)*?'''|\"\"\"(?:[^\\]|\\.)*?\"\"\"|'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\")"
    r"|(?P<name>[A-Za-z_][A-Za-z_0-9]*)"
    r"|(?P<number>[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?)"
    r"|(?P<sign>[][(){},:=])",
    re.DOTALL | re.ASCII,
)
_CONSTANTS = {"True": True, "False": False, "None": None}
_CLOSING = {"(": ")", "[": "]", "{": "}"}


class UnreadableRulesError(Unreadable):
    """The text is no rule file, or one beyond the limits."""


@dataclass(frozen=True, slots=True)
class Call:
    """A selector as it is written: its name, and the one value in its brackets."""

    name: str
    argument: object


def read_rule_text(text: str) -> dict[str, object]:
    """The name -> the value of each assignment. Of equal names and equal keys the last counts, as in Python.

    Raises:
        UnreadableRulesError: with the line.
    """
    if len(text) > LONGEST_TEXT:
        raise UnreadableRulesError(f"longer than {LONGEST_TEXT:,} characters")
    return _Reader(text).assignments()


class _Reader:
    """Goes through the tokens once, from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._scanned()
        self._values = 0
        self._kind = self._word = ""
        self._place = 0
        self._step()

    def assignments(self) -> dict[str, object]:
        found: dict[str, object] = {}
        while self._kind:
            name = self._word
            if self._kind != "name":
                self._refuse()
            self._step()
            self._expect("=")
            found[name] = self._value(DEEPEST)
        return found

    def _scanned(self) -> Iterator[tuple[str, str, int]]:
        place = 0
        while place < len(self._text):
            match = _TOKEN.match(self._text, place)
            if match is None or match.lastgroup is None:
                self._refuse_at(place)
            if match.lastgroup != "blank":
                yield match.lastgroup, match[0], place
            place = match.end()

    def _step(self) -> None:
        self._kind, self._word, self._place = next(self._tokens, ("", "", len(self._text)))

    def _expect(self, sign: str) -> None:
        if self._kind != "sign" or self._word != sign:
            self._refuse()
        self._step()

    def _value(self, depth: int) -> object:
        self._values += 1
        if depth == 0 or self._values > MOST_VALUES:
            raise UnreadableRulesError(f"deeper than {DEEPEST} brackets or more than {MOST_VALUES:,} values")
        kind, word = self._kind, self._word
        if kind == "text":
            return self._joined_text()
        if kind == "number":
            return self._number(word)
        if kind == "name":
            return self._named(word, depth)
        if kind == "sign" and word in _CLOSING:
            self._step()
            return self._dictionary(depth) if word == "{" else self._sequence(word, depth)
        return self._refuse()

    def _joined_text(self) -> str:
        parts = []
        while self._kind == "text":
            if "\\" in self._word:
                try:
                    parts.append(str(ast.literal_eval(self._word)))
                except (SyntaxError, ValueError):
                    self._refuse()
            else:
                quotes = 3 if self._word[:3] in {"'''", '"""'} else 1
                parts.append(self._word[quotes:-quotes])
            self._step()
        return "".join(parts)

    def _number(self, word: str) -> int | float:
        self._step()
        is_long = len(word) > (_MOST_DIGITS if word.isdigit() else _LONGEST_NUMBER)
        if is_long or (word.isdigit() and word[0] == "0" and word.strip("0")):
            raise UnreadableRulesError(f"a number that Python would not read: {word[:_LONGEST_NUMBER]}")
        return int(word) if word.isdigit() else float(word)

    def _named(self, word: str, depth: int) -> object:
        self._step()
        if word in _CONSTANTS:
            return _CONSTANTS[word]
        self._expect("(")
        argument = self._value(depth - 1)
        self._expect(")")
        return Call(word, argument)

    def _dictionary(self, depth: int) -> dict[object, object]:
        found: dict[object, object] = {}
        while self._word != "}" or self._kind != "sign":
            key = self._value(depth - 1)
            self._expect(":")
            try:
                found[key] = self._value(depth - 1)
            except TypeError:
                self._refuse()
            self._comma("}")
        self._step()
        return found

    def _sequence(self, opening: str, depth: int) -> object:
        closing = _CLOSING[opening]
        found: list[object] = []
        commas = 0
        while self._word != closing or self._kind != "sign":
            found.append(self._value(depth - 1))
            commas += self._comma(closing)
        self._step()
        if opening == "[":
            return found
        return found[0] if len(found) == 1 and not commas else tuple(found)

    def _comma(self, closing: str) -> bool:
        """Go over the comma behind a value, which may be absent before the closing bracket."""
        if self._kind == "sign" and self._word == ",":
            self._step()
            return True
        if self._kind != "sign" or self._word != closing:
            self._refuse()
        return False

    def _refuse(self) -> NoReturn:
        self._refuse_at(self._place)

    def _refuse_at(self, place: int) -> NoReturn:
        line = self._text.count("\n", 0, place) + 1
        what = self._text[place : place + 20].split("\n", 1)[0]
        raise UnreadableRulesError(
            f"line {line}: not the language of rules: {what!r}" if what else "ends too soon"
        )
