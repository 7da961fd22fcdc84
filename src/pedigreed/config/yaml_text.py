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

from pedigreed.config.node import Entry, Mapping, Node, Place, Scalar, Sequence
from pedigreed.config.problem import MOST, ConfigProblem
from pedigreed.config.suggestion import quoted
from pedigreed.config.yaml_complaint import explain
from pedigreed.config.yaml_scalar import Ambiguous, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    reader = _Reader(text, file, private_keys)
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


class _Stopped(Exception):
    """Nothing after this place can be understood."""


class _Reader:
    """Turns PyYAML's events into nodes, and collects what is wrong on the way."""

    def __init__(self, text: str, file: str, private_keys: frozenset[str]) -> None:
        self.problems: list[ConfigProblem] = []
        self._events = yaml.parse(text, Loader=yaml.SafeLoader)
        self._text = text
        self._file = file
        self._private_keys = private_keys
        self._last = Place(1, 1)

    def read(self) -> Node | None:
        try:
            return self._document()
        except yaml.MarkedYAMLError as error:
            self._note(*explain(error, self._text))
        except (yaml.YAMLError, ValueError, OverflowError):
            # A few escapes and directives escape PyYAML's own checks, without a place.
            self._note(self._last, "something from here on is no YAML: check the backslashes in double quotes")
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
        event: Event = next(self._events)
        self._last = _start(event)
        return event

    def _note(self, place: Place, message: str) -> None:
        self.problems.append(ConfigProblem(self._file, *place, message))

    def _refuse(self, place: Place, message: str) -> None:
        self._note(place, message)
        if len(self.problems) > MOST:
            raise _Stopped

    def _node(self, event: Event, depth: int, *, is_private: bool) -> Node:
        place = _start(event)
        if depth > DEEPEST:
            self._refuse(place, f"nested more than {DEEPEST} levels deep: no setting is, check the brackets")
            raise _Stopped
        self._check_decoration(event)
        if isinstance(event, MappingStartEvent):
            return self._mapping(place, depth, is_private=is_private)
        if isinstance(event, CollectionStartEvent):
            return self._sequence(place, depth, is_private=is_private)
        return self._scalar(event, is_private=is_private)

    def _check_decoration(self, event: Event) -> None:
        place = _start(event)
        if isinstance(event, AliasEvent):
            self._refuse(
                place, "aliases (*name) are not used here: write the value out, or in quotes if it is text"
            )
        elif isinstance(event, NodeEvent) and event.anchor:
            self._refuse(place, "anchors (&name) are not used here: remove it, or put the value in quotes")
        if isinstance(event, ScalarEvent | CollectionStartEvent) and event.tag:
            self._refuse(place, "tags (!name) are not used here: remove it, or put the value in quotes")

    def _scalar(self, event: Event, *, is_private: bool) -> Scalar:
        if not isinstance(event, ScalarEvent):
            return Scalar(_start(event), "", "")
        place, text = _start(event), event.value
        if _FORBIDDEN_IN_VALUE.search(text):
            self._refuse(place, "a control character in the value: remove the escape that makes it")
            text = _FORBIDDEN_IN_VALUE.sub("", text)
        if event.style is not None or event.anchor or event.tag:
            return Scalar(place, text, text)
        try:
            return Scalar(place, resolve(text), text)
        except Ambiguous as ambiguous:
            if is_private or len(text) > _LONGEST_SHOWN:
                self._refuse(place, "a value that YAML versions read differently: put it in quotes")
            else:
                self._refuse(place, f"{text} {ambiguous.what}: {ambiguous.fix}")
            return Scalar(place, text, text)

    def _sequence(self, place: Place, depth: int, *, is_private: bool) -> Sequence:
        items: list[Node] = []
        while not isinstance(event := self._next(), SequenceEndEvent):
            items.append(self._node(event, depth + 1, is_private=is_private))
        return Sequence(place, tuple(items))

    def _mapping(self, place: Place, depth: int, *, is_private: bool) -> Mapping:
        entries: dict[str, Entry] = {}
        while not isinstance(event := self._next(), MappingEndEvent):
            key, key_place = self._key(event, depth), _start(event)
            node = self._node(self._next(), depth + 1, is_private=is_private or key in self._private_keys)
            if key is None:
                continue
            if key in entries:
                name = "a key" if is_private else f"the key {quoted(key)}"
                line = entries[key].key_place.line
                self._refuse(key_place, f"{name} stands twice, first in line {line}: remove one of the two")
            else:
                entries[key] = Entry(key_place, node)
        return Mapping(place, entries)

    def _key(self, event: Event, depth: int) -> str | None:
        """A key as text. A list or mapping as a key is read over."""
        self._check_decoration(event)
        if isinstance(event, ScalarEvent):
            return _FORBIDDEN_IN_VALUE.sub("", event.value)
        if not isinstance(event, AliasEvent):
            self._refuse(_start(event), "a list or mapping can't be a key: write 'key: value'")
            self._node(event, depth + 1, is_private=True)
        return None


def _start(event: Event) -> Place:
    mark = event.start_mark
    return Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)
