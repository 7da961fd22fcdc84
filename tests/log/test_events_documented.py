"""docs/logging.md has every event that the code logs, with its levels and keys, and no other."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
LEVELS = {"debug", "info", "warning", "error", "critical", "exception"}
COUNTS = {"listened", "asked", "fetched", "told"}
"""Their keys are put together elsewhere, so that they are held to a real line in the tests of the commands."""

Events = dict[str, tuple[set[str], set[str]]]


def is_log(node: ast.expr) -> bool:
    """Whether it is a module's log, a function's, or an object's."""
    return ast.unparse(node) in {"_log", "log", "self._log"}


def methods(call: ast.Call) -> set[str]:
    """The methods of a log that a call is of; more than one where the code chooses."""
    return {
        inner.attr for inner in ast.walk(call.func) if isinstance(inner, ast.Attribute) and is_log(inner.value)
    }


def keywords(call: ast.Call) -> set[str]:
    return {keyword.arg for keyword in call.keywords if keyword.arg is not None}


def calls(tree: ast.AST) -> Iterator[tuple[ast.Call, set[str]]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (called := methods(node)):
            yield node, called


def functions(tree: ast.Module) -> Iterator[tuple[ast.AST, set[str]]]:
    """Each function, and the keys that its object has bound to a log of its own."""
    for scope in (tree, *(node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))):
        bound = {
            key
            for node in ast.walk(scope)
            if isinstance(scope, ast.ClassDef) and isinstance(node, ast.Assign) and is_log(node.targets[0])
            for key in (keywords(node.value) if isinstance(node.value, ast.Call) else ())
        }
        for node in ast.iter_child_nodes(scope):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node, bound


def words(call: ast.Call, file: Path) -> list[str]:
    """The event's words; two where the code chooses."""
    (event,) = call.args
    choices = [event.body, event.orelse] if isinstance(event, ast.IfExp) else [event]
    literals = [choice.value for choice in choices if isinstance(choice, ast.Constant)]
    assert len(literals) == len(choices), f"{file}: an event is a literal"
    return [str(literal) for literal in literals]


def logged() -> Events:
    """Event -> its levels and its keys, as the code has them."""
    events: Events = defaultdict(lambda: (set(), set()))
    for file in (ROOT / "src").rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for function, of_object in functions(tree):
            mine = list(calls(function))
            bound = of_object | {key for call, called in mine if called == {"bind"} for key in keywords(call)}
            for call, called in mine:
                if not called & LEVELS:
                    continue
                for event in words(call, file):
                    levels, keys = events[event]
                    levels |= {"error" if level == "exception" else level for level in called}
                    keys |= {"exception" if key == "exc_info" else key for key in keywords(call) | bound}
                    if "exception" in called:
                        keys.add("exception")
    return dict(events)


def documented() -> Events:
    text = (ROOT / "docs" / "logging.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)` \| ([a-z, ]+) \| ([^|]*)\| [^|]+ \|$", text, re.MULTILINE)
    return {event: (set(levels.split(", ")), set(re.findall(r"`(\w+)`", keys))) for event, levels, keys in rows}


def test_the_table_of_events_is_what_the_code_logs() -> None:
    found, told = logged(), documented()
    assert len(found) > 10
    assert {event: levels for event, (levels, _) in told.items()} == {
        event: levels for event, (levels, _) in found.items()
    }
    for event, (_, keys) in found.items():
        if event in COUNTS:
            assert told[event][1] > keys
        else:
            assert told[event][1] == keys
