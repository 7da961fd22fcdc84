"""Rule files are read as values, whatever is in them."""

from __future__ import annotations

import ast
import re
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import examples
from pedigreed.impact.rule_text import DEEPEST, Call, UnreadableRulesError, read_rule_text

if TYPE_CHECKING:
    from pathlib import Path

_values = st.recursive(
    st.text() | st.integers(min_value=0, max_value=10**12) | st.booleans() | st.none(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text() | st.tuples(st.text(), st.text()), inner, max_size=4)
    ),
    max_leaves=20,
)


@settings(max_examples=examples(60))
@given(_values)
def test_what_python_writes_is_read_as_python_reads_it(value: object) -> None:
    written = repr(value)
    if re.search(rf"[\[({{]{{{DEEPEST - 1}}}", re.sub(r"[^\[({]", "", written)):
        return  # too deep, perhaps
    assert read_rule_text(f"header = {written}")["header"] == ast.literal_eval(written)


@given(st.text(max_size=200))
def test_any_text_is_values_or_is_refused(text: str) -> None:
    try:
        read_rule_text(text)
    except UnreadableRulesError:
        return


def test_selectors_comments_and_joined_texts_are_read() -> None:
    text = """
header = {'a' : ('b' "c"), 1 : (2,), 'e' : [],}  # a comment with a ' in it
comment = '''two
lines'''
selector = Match({('A', 'B\\'') : UseAfter({'2000' : 'f.fits'}), ('C') : "N/A"})
"""
    assert read_rule_text(text) == {
        "header": {"a": "bc", 1: (2,), "e": []},
        "comment": "two\nlines",
        "selector": Call("Match", {("A", "B'"): Call("UseAfter", {"2000": "f.fits"}), "C": "N/A"}),
    }


@pytest.mark.parametrize(
    "text",
    [
        "<html><head><title>404</title></head></html>",
        "header = __import__('os').system('x')",
        "header = open('x')",
        "header = {'a' : 1 + 1}",
        "header = [x for x in (1,)]",
        "header = {'a' : -1}",
        "header = f'{1}'",
        "header = {'a' : 1",
        "header = {[] : 1}",
        "header",
        "header = 'unclosed",
        "header = 007",
        "import os",
        "header = Match({}, {})",
        "header = '\\N{nothing}'",
    ],
)
def test_everything_else_is_refused(text: str) -> None:
    if text == "header = open('x')":
        assert read_rule_text(text) == {"header": Call("open", "x")}  # a name, and nothing is called
        return
    with pytest.raises(UnreadableRulesError):
        read_rule_text(text)


@pytest.mark.parametrize(
    "hostile",
    [
        "header = " + "(" * 400_000,
        "header = " + "{1:" * 200_000,
        "header = " + "Match(" * 100_000,
        "header = [" + "1," * 400_000 + "]",
        "header = " + "'a' " * 240_000,
        "header = '" + "\\'" * 400_000,
        "header = " + "9" * 900_000,
        "# " + "x" * 2_000_000,
        # Python's dictionaries take these numbers for one, as long as they are not held against each other.
        "header = {" + ",".join(f"{(2**61 - 1) * number}:1" for number in range(1, 40_000)) + "}",
    ],
    ids=["brackets", "dictionaries", "calls", "values", "texts", "unclosed", "number", "length", "colliding"],
)
def test_a_hostile_file_is_refused_soon(hostile: str) -> None:
    began = time.perf_counter()
    try:
        read_rule_text(hostile)
    except UnreadableRulesError:
        pass
    else:
        assert hostile.startswith("header = 'a' ")
    assert time.perf_counter() - began < 20


def test_the_line_of_a_fault_is_told() -> None:
    with pytest.raises(UnreadableRulesError, match="line 3: not the language of rules: '%'"):
        read_rule_text("header = {\n 'a' : 1,\n %\n}")


def test_all_real_files_are_read(shared: Path) -> None:
    for path in (shared / "data" / "crds" / "mappings" / "jwst").glob("*.pmap"):
        assert set(read_rule_text(path.read_text())) == {"header", "selector"}
