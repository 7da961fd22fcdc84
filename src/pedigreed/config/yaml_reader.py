"""YAML text -> nodes with their places. Strict: what two readers could read differently is refused."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

import yaml
from yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from pedigreed.config.config_problem import MOST, ConfigProblem, quoted
from pedigreed.config.yaml_errors import explain
from pedigreed.config.yaml_node import Entry, Mapping, Node, Place, Scalar, Sequence

if TYPE_CHECKING:
    from collections.abc import Iterator


_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_BEGIN_NUMBERS = frozenset("+-.0123456789")
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})", re.ASCII)
_REAL = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,3})?", re.ASCII)
_LEADING_ZERO = re.compile(r"([-+]?)0+([0-9]+)", re.ASCII)
_BASE_60 = re.compile(r"[-+]?[1-9][0-9_]{0,17}(?::[0-5]?[0-9])+", re.ASCII)
_OTHER_NUMBER = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|[0-9][0-9_]*_[0-9_]*)", re.ASCII)
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
_LONG_NUMBER = re.compile(r"[-+]?[0-9]{19,}", re.ASCII)


_LEFT_TO_PYYAML = re.compile(
    r"[\t\ufeff]|^%|^(?! *#[^\r\n]*\r?$).*\?|[|>][0-9+-]* *(?:#.*)?$",
    re.MULTILINE,
)
"""What libyaml, which is ten times as fast, reads otherwise than PyYAML, or counts otherwise to places.

A question mark ends a plain value within brackets for PyYAML. Where it stands is not looked for: only comments of
their own lines may have one.
"""


class Ambiguous(ValueError):
    """A scalar that readers of YAML disagree about.

    Attributes:
        what: why, to be said after the value.
        fix: what to write instead, with the value in it.
    """

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix


def resolve(text: str) -> str | float | bool | None:
    """The value of an unquoted scalar: empty, true or false, a decimal number, or text.

    Raises:
        Ambiguous: for a leading zero, base 60, hexadecimal and the like, and endless numbers.
    """
    if text in _NULL:
        return None
    if text in {"true", "false"}:
        return text == "true"
    if text[0] not in _BEGIN_NUMBERS:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if zero := _LEADING_ZERO.fullmatch(text):
        raise _leading_zero(text, zero)
    if _BASE_60.fullmatch(text):
        raise _base_60(text)
    if _OTHER_NUMBER.fullmatch(text):
        raise Ambiguous(
            "is a number to some readers of YAML and text to others",
            f'write the number in decimal, or "{text}" in quotes if it is text',
        )
    if _LONG_NUMBER.fullmatch(text):
        raise Ambiguous("has more digits than a number can have here", "put it in quotes if it is text")
    return float(text) if _REAL.fullmatch(text) else text


def _leading_zero(text: str, match: re.Match[str]) -> Ambiguous:
    is_octal = not set(match[2]) & {"8", "9"} and len(match[2]) < 19  # noqa: PLR2004  # digits of 64 bits
    what = (
        f"is read as {int(text, 8)}, in octal, by YAML 1.1"
        if is_octal
        else "has a leading zero, octal in YAML 1.1"
    )
    return Ambiguous(what, f'write {match[1]}{match[2]}, or "{text}" in quotes if it is text')


def _base_60(text: str) -> Ambiguous:
    number = 0
    for digits in text.lstrip("-+").replace("_", "").split(":"):
        number = number * 60 + int(digits)
    time = _TIME.fullmatch(text)
    better = f"{int(time[1]):02d}:{time[2]}" if time else text
    return Ambiguous(f"is read as {number}, in base 60, by YAML 1.1", f'write "{better}" in quotes')


LARGEST = 1_000_000
"""Bytes. A configuration of a thousand subscriptions is well below it."""
DEEPEST = 20
"""Levels of nesting. The settings need eight."""

_LONGEST_SHOWN = 40

_INDENTED_WITH = re.compile(r"^ *([\t\u00a0])[ \t\u00a0]*(?=\S)", re.MULTILINE)
_LINE_BREAK = re.compile(r"\r\n?|\n")
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FORBIDDEN_IN_VALUE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def read_yaml(text: str, file: str, private_keys: frozenset[str]) -> tuple[Node | None, list[ConfigProblem]]:
    """Read one document.

    Values under `private_keys` are never repeated in a problem.
    The node is None where the text is no YAML, or has nothing but comments.
    """
    if len(text) > LARGEST or len(text.encode(errors="replace")) > LARGEST:
        return None, [too_large(file)]
    text = text.removeprefix("\ufeff")
    if problems := list(_unreadable_characters(text, file)):
        return None, problems
    if yaml.__with_libyaml__ and not _LEFT_TO_PYYAML.search(text):
        quick = _Reader(text, file, private_keys, yaml.CSafeLoader)
        root = quick.read()
        # What is wrong, PyYAML says with its own words and places. A value that is not there has another place.
        if root is not None and not quick.problems and not quick.has_nothing:
            return root, []
    reader = _Reader(text, file, private_keys, yaml.SafeLoader)
    return reader.read(), reader.problems


def too_large(file: str) -> ConfigProblem:
    """The problem of a file that can't be a configuration."""
    return ConfigProblem(
        file, 0, 0, f"larger than {LARGEST // 1_000_000} MB: this is no configuration, check the path"
    )


def place_in(text: str, index: int) -> Place:
    """The line and column of a character."""
    line, start = 1, 0
    for line_break in _LINE_BREAK.finditer(text, 0, index):
        line, start = line + 1, line_break.end()
    return Place(line, index - start + 1)


def _unreadable_characters(text: str, file: str) -> Iterator[ConfigProblem]:
    if character := _FORBIDDEN.search(text):
        code = ord(character[0])
        name = "a NUL byte" if code == 0 else f"the control character U+{code:04X}"
        yield ConfigProblem(file, *place_in(text, character.start()), f"{name} in the text: remove it")
        return
    for indentation in islice(_INDENTED_WITH.finditer(text), MOST):
        name = "a tab" if indentation[1] == "\t" else "a non-breaking space"
        message = f"{name} in the indentation, where spaces belong: replace it with spaces"
        yield ConfigProblem(file, *place_in(text, indentation.start(1)), message)


_VALUES = (ScalarEvent, CollectionStartEvent)


class _Stopped(Exception):
    """Nothing after this place can be understood."""


class _Reader:
    """Turns the events of a reader of YAML into nodes, and collects what is wrong on the way."""

    def __init__(
        self,
        text: str,
        file: str,
        private_keys: frozenset[str],
        loader: type[yaml.SafeLoader | yaml.CSafeLoader],
    ) -> None:
        self.problems: list[ConfigProblem] = []
        self.has_nothing = False
        self._loader = loader
        self._text = text
        self._file = file
        self._private_keys = private_keys
        self._last: Event | None = None

    def read(self) -> Node | None:
        try:
            self._get_event = self._loader(self._text).get_event
            return self._document()
        except yaml.MarkedYAMLError as error:
            self._note(*explain(error, self._text))
        except (yaml.YAMLError, ValueError, OverflowError):
            # A few escapes and directives escape PyYAML's own checks, without a place.
            self._note(
                _start(self._last), "something from here on is no YAML: check the backslashes in double quotes"
            )
        except _Stopped:
            pass
        return None

    def _document(self) -> Node | None:
        root: Node | None = None
        documents = 0
        while not isinstance(event := self._next(), StreamEndEvent):
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._refuse(_start(event), "a second document starts here: keep one, and remove the '---'")
                    raise _Stopped
                root = self._node(self._next(), 1, is_private=False)
        return root

    def _next(self) -> Event:
        event = self._get_event()
        assert isinstance(event, Event)
        self._last = event
        return event

    def _note(self, place: Place, message: str) -> None:
        self.problems.append(ConfigProblem(self._file, *place, message))

    def _refuse(self, place: Place, message: str) -> None:
        self._note(place, message)
        if len(self.problems) > MOST:
            raise _Stopped

    def _node(self, event: Event, depth: int, *, is_private: bool) -> Node:
        if depth > DEEPEST:
            self._refuse(
                _start(event), f"nested more than {DEEPEST} levels deep: no setting is, check the brackets"
            )
            raise _Stopped
        if not isinstance(event, _VALUES) or event.anchor or event.tag:
            self._check_decoration(event)
        if isinstance(event, ScalarEvent):
            return self._scalar(event, is_private=is_private)
        if isinstance(event, MappingStartEvent):
            return self._mapping(event, depth, is_private=is_private)
        if isinstance(event, CollectionStartEvent):
            return self._sequence(event, depth, is_private=is_private)
        return Scalar(*_start(event), "", "")

    def _check_decoration(self, event: Event) -> None:
        if isinstance(event, AliasEvent):
            self._refuse(
                _start(event), "aliases (*name) are not used here: write the value out, or in quotes if it is text"
            )
        elif isinstance(event, NodeEvent) and event.anchor:
            self._refuse(_start(event), "anchors (&name) are not used here: remove it, or put the value in quotes")
        if isinstance(event, _VALUES) and event.tag:
            self._refuse(_start(event), "tags (!name) are not used here: remove it, or put the value in quotes")

    def _scalar(self, event: ScalarEvent, *, is_private: bool) -> Scalar:
        line, column = _start(event)
        text = self._text_of(event)
        if event.style or event.anchor or event.tag:
            return Scalar(line, column, text, text)
        self.has_nothing |= not text
        try:
            return Scalar(line, column, resolve(text), text)
        except Ambiguous as ambiguous:
            if is_private or len(text) > _LONGEST_SHOWN:
                self._refuse(_start(event), "a value that YAML versions read differently: put it in quotes")
            else:
                self._refuse(_start(event), f"{text} {ambiguous.what}: {ambiguous.fix}")
            return Scalar(line, column, text, text)

    def _text_of(self, event: ScalarEvent) -> str:
        # Such a character that is not in the file is made by an escape, and those are read in double quotes alone.
        if event.style == '"' and _FORBIDDEN_IN_VALUE.search(event.value):
            self._refuse(_start(event), "a control character in the value: remove the escape that makes it")
            return _FORBIDDEN_IN_VALUE.sub("", event.value)
        return event.value

    def _sequence(self, event: Event, depth: int, *, is_private: bool) -> Sequence:
        line, column = _start(event)
        items: list[Node] = []
        while not isinstance(event := self._next(), SequenceEndEvent):
            items.append(self._node(event, depth + 1, is_private=is_private))
        return Sequence(line, column, tuple(items))

    def _mapping(self, event: Event, depth: int, *, is_private: bool) -> Mapping:
        line, column = _start(event)
        entries: dict[str, Entry] = {}
        while not isinstance(event := self._next(), MappingEndEvent):
            key, place = self._key(event, depth), _start(event)
            node = self._node(self._next(), depth + 1, is_private=is_private or key in self._private_keys)
            if key is None:
                continue
            if key in entries:
                name = "a key" if is_private else f"the key {quoted(key)}"
                self._refuse(
                    place, f"{name} stands twice, first in line {entries[key].line}: remove one of the two"
                )
            else:
                entries[key] = Entry(*place, node)
        return Mapping(line, column, entries)

    def _key(self, event: Event, depth: int) -> str | None:
        """A key as text. A list or mapping as a key is read over."""
        if not isinstance(event, _VALUES) or event.anchor or event.tag:
            self._check_decoration(event)
        if isinstance(event, ScalarEvent):
            return _FORBIDDEN_IN_VALUE.sub("", event.value) if event.style == '"' else event.value
        if not isinstance(event, AliasEvent):
            self._refuse(_start(event), "a list or mapping can't be a key: write 'key: value'")
            self._node(event, depth + 1, is_private=True)
        return None


def _start(event: Event | None) -> Place:
    mark = event.start_mark if event else None
    return Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)
