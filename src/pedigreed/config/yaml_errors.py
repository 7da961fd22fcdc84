"""PyYAML's errors in plain words. None of them repeats what the file says: it may be a secret."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from pedigreed.config.yaml_node import Place

if TYPE_CHECKING:
    from yaml.error import Mark, MarkedYAMLError

_LINE_BREAK = re.compile(r"\r\n?|\n")
_JOINED = re.compile(r" *(?:- +)*[a-z_]+:(?=[^\s/:0-9])", re.ASCII)


class _Complaint(NamedTuple):
    """What to say when PyYAML's context and problem have these words in them.

    `at_beginning` points where the thing began, not where PyYAML gave up.
    """

    context: str
    problem: str
    message: str
    at_beginning: bool = False


_NEVER_CLOSED = "the quote that opens here is never closed: close it"
_LINE_UP = "this line does not line up with {} above it: indent it like them, with spaces"
_QUOTE = "a value can't start with {}: put it in quotes"
_NOT_CLOSED = "the '{}' that opens here is not closed, or a ',' is missing: write {}"
_NO_COLON = "this line is no 'key: value': a ':' is missing, or the line before it is not finished"

_COMPLAINTS = (
    _Complaint("a quoted scalar", "unexpected end of stream", _NEVER_CLOSED, at_beginning=True),
    _Complaint("a quoted scalar", "unexpected document", _NEVER_CLOSED, at_beginning=True),
    _Complaint(
        "a double-quoted scalar",
        "",
        "a backslash in double quotes starts an escape: write \\\\, or use single quotes",
    ),
    _Complaint("a simple key", "could not find expected ':'", _NO_COLON, at_beginning=True),
    _Complaint("", "could not find expected ':'", "a ':' is missing after the key: write 'key: value'"),
    _Complaint(
        "",
        "mapping values are not allowed",
        "a ':' that does not belong here: quote a value that has ': ' in it, or check the indentation",
    ),
    _Complaint("a flow mapping", "", _NOT_CLOSED.format("{", "{key: value, key: value}"), at_beginning=True),
    _Complaint("a flow sequence", "", _NOT_CLOSED.format("[", "[one, two]"), at_beginning=True),
    _Complaint("a flow node", "", "a value is missing here, or a '[' or '{' before it is not closed"),
    _Complaint("a block mapping", "found '}'", "this '}' closes nothing: remove it, or put the value in quotes"),
    _Complaint("a block mapping", "found ']'", "this ']' closes nothing: remove it, or put the value in quotes"),
    _Complaint(
        "a block mapping",
        "found '<scalar>'",
        "more text after the end of a value: put the whole value in one pair of quotes",
    ),
    _Complaint("a block mapping", "", _LINE_UP.format("the keys")),
    _Complaint("a block collection", "", _LINE_UP.format("the '-' items")),
    _Complaint(
        "", "sequence entries are not allowed", "a '- ' that does not belong here: start a new line with it"
    ),
    _Complaint("", "character '\\t'", "a tab where YAML allows spaces only: replace it with a space"),
    _Complaint("", "cannot start any token", _QUOTE.format("this character")),
    _Complaint("an alias", "", _QUOTE.format("'*'")),
    _Complaint("an anchor", "", _QUOTE.format("'&'")),
    _Complaint("a tag", "", _QUOTE.format("'!'")),
    _Complaint("a node", "undefined tag handle", _QUOTE.format("'!'")),
    _Complaint("a directive", "", _QUOTE.format("'%'")),
    _Complaint("a block scalar", "", "after '|' or '>' the text starts on the next line, indented: move it there"),
    _Complaint(
        "", "incompatible YAML document", "an unknown version of YAML: remove the line that starts with %YAML"
    ),
    _Complaint("", "<document start>", "this line does not belong to what is above it: check the indentation"),
)
"""The first that fits is said."""


def explain(error: MarkedYAMLError, text: str) -> tuple[Place, str]:
    """Where the text stops being YAML, and what to do about it."""
    return _likely_cause(error, _LINE_BREAK.split(text)) or _as_found(error)


def _likely_cause(error: MarkedYAMLError, lines: list[str]) -> tuple[Place, str] | None:
    """Two slips that PyYAML notices late: no space after a ':', and a line that is indented too far."""
    mark = error.problem_mark
    if mark is None:
        return None
    for number in (mark.line, mark.line - 1):
        line = lines[number] if 0 <= number < len(lines) else ""
        if joined := _JOINED.match(line):
            return Place(number + 1, joined.end()), "a space is missing after this ':': write 'key: value'"
    if "mapping values are not allowed" not in (error.problem or "") or not 0 < mark.line < len(lines):
        return None
    above, line = lines[mark.line - 1], lines[mark.line]
    if {":", "-"} & set(line[: mark.column]):
        return None
    if _indentation(line) > _indentation(above):
        place = Place(mark.line + 1, _indentation(line) + 1)
        return place, "this line is indented further than the one above it: indent it alike"
    return Place(mark.line, _indentation(above) + 1), _NO_COLON


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _as_found(error: MarkedYAMLError) -> tuple[Place, str]:
    context, problem = error.context or "", error.problem or ""
    for complaint in _COMPLAINTS:
        if complaint.context in context and complaint.problem in problem:
            mark = error.context_mark if complaint.at_beginning else error.problem_mark
            return _place(mark or error.problem_mark), complaint.message
    return _place(error.problem_mark), "this is no YAML: check the quotes, brackets and indentation around it"


def _place(mark: Mark | None) -> Place:
    return Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)
