"""What pydantic finds wrong, in sentences with a place and a fix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from pedigreed.config.config_problem import ConfigProblem, listed, nearest, quoted
from pedigreed.config.schema import describe, keys_at, keys_below
from pedigreed.config.secret import PRIVATE_KEYS
from pedigreed.config.yaml_node import Entry, Found, Mapping, Node, Path, Scalar, Sequence, find, text

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from pydantic_core import ErrorDetails


_NO_EXAMPLE = "..."


def explain(errors: Iterable[ErrorDetails], root: Node, file: str) -> list[ConfigProblem]:
    """A problem for each error.

    A key that is missing only since it is misspelt, and a value that is empty, are reported once, elsewhere.
    """
    errors = list(errors)
    meant: set[Path] = set()
    problems: list[ConfigProblem] = []
    for error in errors:
        if error["type"] == "extra_forbidden":
            found = find(root, error["loc"])
            message, instead = _unknown_key(found, root)
            meant.update(instead)
            problems.append(ConfigProblem(file, *found.key_place, message))
    for error in errors:
        if error["type"] == "missing":
            mapping, key = find(root, error["loc"][:-1]), str(error["loc"][-1])
            if isinstance(mapping.node, Mapping) and (*mapping.path, key) not in meant:
                problems.append(ConfigProblem(file, *mapping.place, _missing(mapping, key)))
        elif error["type"] not in {"extra_forbidden", "default_factory_not_called"}:
            found = find(root, error["loc"])
            if not _is_reported_elsewhere(error, found.node):
                problems.append(ConfigProblem(file, *found.place, _wrong(error, found)))
    return problems


def _is_reported_elsewhere(error: ErrorDetails, node: Node) -> bool:
    """An empty value has its own problem. A list that is short only of its wrong items is not short."""
    if error["type"] == "too_short" and (not isinstance(node, Sequence) or node.items):
        return True
    return isinstance(node, Scalar) and node.value is None


def _unknown_key(found: Found, root: Node) -> tuple[str, list[Path]]:
    """The sentence, and the paths of the keys that were probably meant."""
    parent, key = found.path[:-1], str(found.path[-1])
    known = keys_at(parent)
    below = _place_below(key, parent)
    if below:
        where = ": ".join(str(step) for step in below[:-1])
        return f"{quoted(key)} does not belong here: write it under '{where}'", [(*parent, below[0])]
    mapping = find(root, parent).node
    present = mapping.entries if isinstance(mapping, Mapping) else {}
    if candidate := nearest(key, known):
        if candidate in present:
            return f"unknown key {quoted(key)}: {candidate!r} is given too, remove one of the two", []
        return _did_you_mean(key, candidate), [(*parent, candidate)]
    elsewhere = next((path for path in keys_below(()) if path[-1] == key), None)
    if elsewhere:
        where = ": ".join(str(step) for step in elsewhere[:-1])
        place = f"under '{where}'" if where else "at the top level, without indentation"
        return f"{quoted(key)} does not belong here: write it {place}", []
    return f"unknown key {quoted(key)}: the keys here are {listed(known, 'and')}", []


def _place_below(key: str, parent: Path) -> Path | None:
    """Where a key belongs that stands too high; None for one that is a known key but for an s at its end."""
    if key.rstrip("s") in {known.rstrip("s") for known in keys_at(parent)}:
        return None
    return next((path for path in keys_below(parent) if path[-1] == key and len(path) > 1), None)


def corrected(root: Node, file: str) -> tuple[Node, list[ConfigProblem]]:
    """The same with each misspelt key as it was probably meant, so that what stands inside can be judged too.

    Each such key is a problem.
    """
    problems: list[ConfigProblem] = []

    def correct(node: Node, path: Path) -> Node:
        if isinstance(node, Sequence):
            return Sequence(*node.place, tuple(correct(item, (*path, at)) for at, item in enumerate(node.items)))
        if not isinstance(node, Mapping):
            return node
        entries: dict[str, Entry] = {}
        for key, entry in node.entries.items():
            meant = _meant(key, path, node.entries)
            if meant in entries:
                continue
            if meant != key:
                problems.append(ConfigProblem(file, *entry.place, _did_you_mean(key, meant)))
            entries[meant] = Entry(*entry.place, correct(entry.node, (*path, meant)))
        return Mapping(*node.place, entries)

    return correct(root, ()), problems


def _did_you_mean(key: str, meant: str) -> str:
    return f"unknown key {quoted(key)}, did you mean {meant!r}?"


def _meant(key: str, parent: Path, present: Collection[str]) -> str:
    known = keys_at(parent)
    schemas = describe(parent)
    # Of several, its one key says which; and names may be anything.
    is_certain = len(schemas) == 1 and schemas[0].get("additionalProperties") is False
    if not is_certain or key in known or _place_below(key, parent):
        return key
    candidate = nearest(key, known)
    return key if candidate is None or candidate in present else candidate


def _missing(mapping: Found, key: str) -> str:
    path = (*mapping.path, key)
    if key == "deliver":
        return _delivers_nowhere(mapping)
    schemas = describe(path)
    what = next((schema["description"] for schema in schemas if "description" in schema), "")
    what = what.split(". ")[0].rstrip(".")
    return f"{key!r} is missing ({what[:1].lower()}{what[1:]}): add {key}: {_example(path)}"


def _delivers_nowhere(subscription: Found) -> str:
    node = subscription.node
    entry = node.entries.get("name") if isinstance(node, Mapping) else None
    name = text(entry.node) if entry else None
    who = f"the subscription {quoted(name)}" if name else "a subscription"
    return f"{who} delivers nowhere: add deliver: {_example((*subscription.path, 'deliver'))}"


def _example(path: Path) -> str:
    """A value that could stand at a path, as YAML in one line."""
    for schema in describe(path):
        examples: list[object] = schema.get("examples") or schema.get("enum") or []
        if examples:
            return _in_one_line(examples[0])
    return _NO_EXAMPLE


def _in_one_line(value: object) -> str:
    dumped: str = yaml.safe_dump(value, default_flow_style=True, width=1000, sort_keys=False)
    return dumped.removesuffix("\n").removesuffix("\n...")


def _wrong(error: ErrorDetails, found: Found) -> str:
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    if sentence := _SENTENCES.get(error["type"]):
        return sentence(found)
    return f"{error['msg'][:1].lower()}{error['msg'][1:]}: see {_key(found)!r} in `pedigreed config schema`"


def _key(found: Found) -> str:
    return next((step for step in reversed(found.path) if isinstance(step, str)), "the configuration")


def _text_expected(found: Found) -> str:
    if isinstance(found.node, Scalar):
        return f'expected text, found {_what(found)}: write "{found.node.text}" in quotes'
    return f"expected text, found {_what(found)}: write one value, such as {_example(found.path)}"


def _number_expected(found: Found) -> str:
    node = found.node
    number = node.text if isinstance(node, Scalar) and node.text.isascii() and node.text.isdigit() else "587"
    return f"expected a whole number, found {_what(found)}: write {_key(found)}: {number}"


def _out_of_range(found: Found) -> str:
    (schema, *_) = describe(found.path)
    limits = f"{schema.get('minimum')} to {schema.get('maximum')}"
    return f"{_what(found)} is out of range for {_key(found)!r}: write {limits}"


def _list_expected(found: Found) -> str:
    if isinstance(found.node, Mapping):
        return f"expected a list, found a mapping: start each item of {_key(found)!r} with '- '"
    shown = found.node.text if isinstance(found.node, Scalar) else ""
    return f"expected a list, found {_what(found)}: write {_key(found)}: [{shown[:40]}]"


def _empty_list(found: Found) -> str:
    if _key(found) == "deliver":
        return f"an empty list, so the subscription delivers nowhere: write deliver: {_example(found.path)}"
    example = _example(found.path)
    if example == _NO_EXAMPLE:
        example = _example((*found.path, 0))
    some = example if example.startswith("[") else f"[{example}]"
    return f"{_key(found)!r} is an empty list: give at least one item, as in {_key(found)}: {some}"


def _empty_text(found: Found) -> str:
    return f"{_key(found)!r} is an empty text: give it a value, or remove the line"


def _mapping_expected(found: Found) -> str:
    schemas = describe(found.path)
    if any(isinstance(schema.get("additionalProperties"), dict) for schema in schemas):
        return f"expected names with what they stand for, found {_what(found)}: write 'name: {{...}}' in it"
    keys = keys_at(found.path)
    fix = f"its keys are {listed(keys, 'and')}" if len(keys) > 1 else f"write {{{keys[0]}: ...}}"
    return f"expected a mapping, found {_what(found)}: {fix}"


def _what(found: Found) -> str:
    """What stands there, for people. A value that may be secret is not repeated."""
    if isinstance(found.node, Sequence):
        return "a list"
    if isinstance(found.node, Mapping):
        return "a mapping"
    if PRIVATE_KEYS & set(found.path):
        return "something else"
    if isinstance(found.node.value, bool):
        return found.node.text
    return (
        f"the number {found.node.text}"
        if not isinstance(found.node.value, str)
        else f"the text {quoted(found.node.text)}"
    )


_SENTENCES: dict[str, Callable[[Found], str]] = {
    "string_type": _text_expected,
    "string_too_short": _empty_text,
    "int_type": _number_expected,
    "greater_than_equal": _out_of_range,
    "less_than_equal": _out_of_range,
    "tuple_type": _list_expected,
    "too_short": _empty_list,
    "model_type": _mapping_expected,
    "dict_type": _mapping_expected,
}
"""What pydantic calls an error -> the sentence about it."""
