"""PyYAML's errors in plain words. None of them repeats what the file says: it may be a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.config.node import Place

if TYPE_CHECKING:
    from yaml.error import Mark, MarkedYAMLError

_BEGINNING = True
"""The message belongs where the thing began, not where the reader gave up."""

_COMPLAINTS: tuple[tuple[str, str, bool, str], ...] = (
    (
        "a quoted scalar",
        "unexpected end of stream",
        _BEGINNING,
        "the quote that opens here is never closed: close it",
    ),
    ("a quoted scalar", "unexpected document", _BEGINNING, "the quote that opens here is never closed: close it"),
    (
        "a double-quoted scalar",
        "",
        not _BEGINNING,
        "a backslash in double quotes starts an escape, and this one is none: write \\\\, or use single quotes",
    ),
    (
        "a simple key",
        "could not find expected ':'",
        _BEGINNING,
        "this line is no 'key: value': a ':' is missing, or the line before it is not finished",
    ),
    ("", "could not find expected ':'", not _BEGINNING, "a ':' is missing after the key: write 'key: value'"),
    (
        "",
        "mapping values are not allowed here",
        not _BEGINNING,
        "a ':' that does not belong here: put a value that contains ': ' in quotes, or check the indentation",
    ),
    (
        "a flow mapping",
        "",
        _BEGINNING,
        "the '{' that opens here is not closed, or a ',' is missing in it: write {key: value, key: value}",
    ),
    (
        "a flow sequence",
        "",
        _BEGINNING,
        "the '[' that opens here is not closed, or a ',' is missing in it: write [one, two]",
    ),
    (
        "a flow node",
        "",
        not _BEGINNING,
        "a value is missing here, or a '[' or '{' before it is not closed",
    ),
    (
        "a block mapping",
        "",
        not _BEGINNING,
        "this line does not line up with the keys above it: indent it like them, with spaces",
    ),
    (
        "a block collection",
        "",
        not _BEGINNING,
        "this line does not line up with the '-' items above it: indent it like them, with spaces",
    ),
    (
        "",
        "sequence entries are not allowed here",
        not _BEGINNING,
        "a '- ' that does not belong here: start a new line",
    ),
    (
        "",
        "cannot start any token",
        not _BEGINNING,
        "a value can't start with this character: put the value in quotes",
    ),
    ("an alias", "", not _BEGINNING, "a value can't start with '*': put it in quotes"),
    ("an anchor", "", not _BEGINNING, "a value can't start with '&': put it in quotes"),
    ("a tag", "", not _BEGINNING, "a value can't start with '!': put it in quotes"),
    ("a node", "undefined tag handle", not _BEGINNING, "a value can't start with '!': put it in quotes"),
    ("a directive", "", not _BEGINNING, "a line can't start with '%': put the value in quotes"),
    ("a block scalar", "", not _BEGINNING, "after '|' or '>' the text starts on the next line, indented"),
    (
        "",
        "<document start>",
        not _BEGINNING,
        "this line does not belong to what is above it: check the indentation",
    ),
)
"""(in PyYAML's context, in its problem, where to point, what to say). The first that fits is said."""


def explain(error: MarkedYAMLError) -> tuple[Place, str]:
    """Where the text stops being YAML, and what to do about it."""
    context, problem = error.context or "", error.problem or ""
    for in_context, in_problem, at_beginning, message in _COMPLAINTS:
        if in_context in context and in_problem in problem:
            mark = error.context_mark if at_beginning else error.problem_mark
            return _place(mark or error.problem_mark), message
    return _place(error.problem_mark), "this is no YAML: check the quotes, brackets and indentation around it"


def _place(mark: Mark | None) -> Place:
    return Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)
