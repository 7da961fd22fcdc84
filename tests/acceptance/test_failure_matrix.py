"""Every event that docs/delivery.md speaks of has its tests, and every test of an event its row."""

from __future__ import annotations

import ast
from pathlib import Path

TESTS = Path(__file__).parents[1]
TABLE = TESTS.parent / "docs" / "delivery.md"
HEAD = "| event | what happens |"


def rows() -> list[tuple[str, ...]]:
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    table = lines[lines.index(HEAD) + 2 :]
    return [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in table if line.startswith("|")]


def marked() -> dict[str, list[str]]:
    """Event -> the tests that carry it, by reading them: so this test may run alone."""
    found: dict[str, list[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for decorator in node.decorator_list:
                    if event := event_of(decorator):
                        found.setdefault(event, []).append(f"{path.name}::{node.name}")
    return found


def event_of(decorator: ast.expr) -> str | None:
    if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.failure":
        (said,) = decorator.args
        return str(ast.literal_eval(said))
    return None


def test_every_row_says_what_happens_and_stands_once() -> None:
    events = [row[0] for row in rows()]
    assert all(len(row) == 2 and all(row) for row in rows())
    assert len(events) == len(set(events)) > 20


def test_every_row_has_a_test_and_every_marked_test_a_row() -> None:
    events, tests = {row[0] for row in rows()}, marked()
    assert sorted(events - tests.keys()) == [], "rows without a test"
    assert {event: names for event, names in tests.items() if event not in events} == {}, "tests without a row"


def test_what_is_marked_is_a_test() -> None:
    names = [name for tests in marked().values() for name in tests]
    assert names
    assert all(name.partition("::")[2].startswith("test_") for name in names)
