"""The reference of commands and settings as Markdown, made from the code."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pedigreed.cli.manual import described, every_command
from pedigreed.config.schema import describe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SECRET = {"credential", "file", "env", "keyring"}
NAME = "NAME"
"""Stands for a name that people give."""


def commands() -> str:
    """A section for each command, with its usage, words and options."""
    return "\n".join(line for path, command in every_command() for line in _command(path, command))


def _command(path: Sequence[str], command: Any) -> Iterator[str]:  # noqa: ANN401  # click is the library of a library
    page = described(path, command)
    yield f"\n## {' '.join(path)}\n\n    {page.usage}\n"
    yield from (f"{_text(paragraph)}\n" for paragraph in page.paragraphs)
    if page.options:
        yield from ("| option | |", "|---|---|")
        yield from (f"| `{_cell(name)}` | {_cell(_text(words))} |" for name, words in page.options)


def settings() -> str:
    """A section for each mapping of the configuration, with its keys."""
    return "\n".join(_mapping(()))


def _mapping(path: tuple[str | int, ...]) -> Iterator[str]:
    below = []
    yield f"\n## {_shown(path) or 'At the top'}\n"
    yield from (f"{_text(words)}\n" for words in _once(each.get("description", "") for each in _objects(path)))
    yield from ("| key | is | default |", "|---|---|---|")
    for key in _keys(path):
        inside = (*path, key)
        choices = describe(inside)
        words = _text(" ".join(_once(each.get("description", "") for each in choices)))
        default = next((each["default"] for each in choices if each.get("default")), None)
        shown = _need(path, key) if default is None else f"`{_cell(_written(default))}`"
        yield f"| `{key}` | {_cell(' '.join(filter(None, [words, *_kinds(inside)])))} | {shown} |"
        below += [each for each in (inside, (*inside, 0)) if _keys(each)][:1]
    for each in below:
        yield from _mapping(each)


def _objects(path: tuple[str | int, ...]) -> list[dict[str, Any]]:
    """The mappings that may stand at a path. A reference to a secret is no mapping of its own."""
    found = [each for each in describe(path) if "properties" in each or "additionalProperties" in each]
    return [each for each in found if not SECRET & set(each.get("properties", {}))]


def _keys(path: tuple[str | int, ...]) -> list[str]:
    keys = [key for each in _objects(path) for key in each.get("properties", {})]
    if any(isinstance(each.get("additionalProperties"), dict) for each in _objects(path)):
        keys.append(NAME)
    return list(dict.fromkeys(keys))


def _need(path: tuple[str | int, ...], key: str) -> str:
    needed = [key in each.get("required", ()) for each in _objects(path)]
    return "needed" if all(needed) else "one of these" if any(needed) else ""


def _kinds(path: tuple[str | int, ...]) -> Iterator[str]:
    """What the words do not say: which values there are, and that it is a secret."""
    choices = [*describe(path), *describe((*path, 0))]
    values = _once(
        str(value) for each in choices for value in each.get("enum", [each["const"]] if "const" in each else [])
    )
    if values:
        yield f"One of {', '.join(f'`{value}`' for value in values)}."
    if any(SECRET & set(each.get("properties", {})) for each in choices):
        yield "May be a *secret*."


def _shown(path: tuple[str | int, ...]) -> str:
    """``subscriptions[].watch``."""
    return "".join("[]" if step == 0 else f".{step}" for step in path).removeprefix(".")


def _once(values: Any) -> list[Any]:  # noqa: ANN401  # whatever JSON has
    return [value for value in dict.fromkeys(values) if value]


def _written(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _text(words: str) -> str:
    """Words as Markdown shows them: what would be markup by chance is not, but for code in backticks."""
    pieces = words.split("`")
    escaped = [piece if number % 2 else _escaped(piece) for number, piece in enumerate(pieces)]
    return "`".join(escaped)


def _escaped(words: str) -> str:
    for character in "\\*_[]<>{}$":
        words = words.replace(character, f"\\{character}")
    return words


def _cell(words: str) -> str:
    return " ".join(words.split()).replace("|", "\\|")
