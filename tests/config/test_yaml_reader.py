"""The strict loader: what it refuses, where, and in which words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from examples import examples
from pedigreed.config.yaml_node import plain
from pedigreed.config.yaml_reader import DEEPEST, LARGEST, place_in, read_yaml

if TYPE_CHECKING:
    from pedigreed.config.yaml_node import Plain


def read(text: str) -> tuple[Plain, list[str]]:
    node, problems = read_yaml(text, "f", frozenset({"password"}))
    return (None if node is None else plain(node)), [str(problem) for problem in problems]


def refusal(text: str) -> str:
    _, problems = read(text)
    (only,) = problems
    return only


def test_a_document_becomes_plain_values() -> None:
    assert read("a: [1, -2, 1.5, true, false, null, ~, yes, 'true', 2026-11-22]\nb: {c: d}\n") == (
        {"a": (1, -2, 1.5, True, False, None, None, "yes", "true", "2026-11-22"), "b": {"c": "d"}},
        [],
    )


def test_a_byte_order_mark_does_not_move_the_columns() -> None:
    assert refusal("\ufeffa: 01410\n").startswith("f:1:4: ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "a: 01410",
            'f:1:4: 01410 is read as 776, in octal, by YAML 1.1: write 1410, or "01410" in quotes if it is text',
        ),
        (
            "a: 0189",
            'f:1:4: 0189 has a leading zero, octal in YAML 1.1: write 189, or "0189" in quotes if it is text',
        ),
        ("a: 7:30", 'f:1:4: 7:30 is read as 450, in base 60, by YAML 1.1: write "07:30" in quotes'),
        ("a: [1210:5]", 'f:1:5: 1210:5 is read as 72605, in base 60, by YAML 1.1: write "1210:5" in quotes'),
        (
            "a: 0x1F",
            (
                "f:1:4: 0x1F is a number to some readers of YAML and text to others: "
                'write the number in decimal, or "0x1F" in quotes if it is text'
            ),
        ),
        ("a: 1\nb: 2\na: 3", "f:3:1: the key 'a' stands twice, first in line 1: remove one of the two"),
        ("a:\n\tb: 1", "f:2:1: a tab in the indentation, where spaces belong: replace it with spaces"),
        ("a:\n  \tb: 1", "f:2:3: a tab in the indentation, where spaces belong: replace it with spaces"),
        (
            "a:\n \u00a0b: 1",
            "f:2:2: a non-breaking space in the indentation, where spaces belong: replace it with spaces",
        ),
        ("a:\tb", "f:1:3: a tab where YAML allows spaces only: replace it with a space"),
        ("ab\0c", "f:1:3: a NUL byte in the text: remove it"),
        ("a: 1\nb: \x1b[31m", "f:2:4: the control character U+001B in the text: remove it"),
        ('a: "\\0"', "f:1:4: a control character in the value: remove the escape that makes it"),
        ('a: "\\ud800"', "f:1:4: a control character in the value: remove the escape that makes it"),
        ("a: &x 1", "f:1:4: anchors (&name) are not used here: remove it, or put the value in quotes"),
        ("a: *x", "f:1:4: aliases (*name) are not used here: write the value out, or in quotes if it is text"),
        ("a: !x 1", "f:1:4: tags (!name) are not used here: remove it, or put the value in quotes"),
        ("a: !!str 1", "f:1:4: tags (!name) are not used here: remove it, or put the value in quotes"),
        ("a: 1\n---\nb: 2", "f:2:1: a second document starts here: keep one, and remove the '---'"),
        ("? [a]\n: b", "f:1:3: a list or mapping can't be a key: write 'key: value'"),
        ("a: [1, 2}", "f:1:4: the '[' that opens here is not closed, or a ',' is missing: write [one, two]"),
        (
            "a: {b: 1",
            "f:1:4: the '{' that opens here is not closed, or a ',' is missing: write {key: value, key: value}",
        ),
        ("a: {b: 1}}", "f:1:10: this '}' closes nothing: remove it, or put the value in quotes"),
        ('a: "b\nc: d', "f:1:4: the quote that opens here is never closed: close it"),
        ('a: "b" c', "f:1:8: more text after the end of a value: put the whole value in one pair of quotes"),
        (
            "a:\n  b\n  c: d",
            "f:2:3: this line is no 'key: value': a ':' is missing, or the line before it is not finished",
        ),
        ("a:b\nc: d", "f:1:2: a space is missing after this ':': write 'key: value'"),
        ("a: b\n  c: d", "f:2:3: this line is indented further than the one above it: indent it alike"),
        (
            "a: b: c",
            "f:1:5: a ':' that does not belong here: quote a value that has ': ' in it, or check the indentation",
        ),
        (
            "- a: 1\n b: 2",
            "f:2:2: this line does not line up with the '-' items above it: indent it like them, with spaces",
        ),
        ("  a: 1\n b: 2", "f:2:2: this line does not belong to what is above it: check the indentation"),
        ("a: @b", "f:1:4: a value can't start with this character: put it in quotes"),
        ("a: **", "f:1:5: a value can't start with '*': put it in quotes"),
        (
            'a: "C:\\data"',
            "f:1:8: a backslash in double quotes starts an escape: write \\\\, or use single quotes",
        ),
        ("a: |x", "f:1:5: after '|' or '>' the text starts on the next line, indented: move it there"),
        ("%YAML 2.0\n---\na: 1", "f:1:1: an unknown version of YAML: remove the line that starts with %YAML"),
        ('a: "\\U00110000"', "f:1:1: something from here on is no YAML: check the backslashes in double quotes"),
    ],
)
def test_what_is_not_plain_yaml_is_refused_with_its_place_and_a_fix(text: str, said: str) -> None:
    assert refusal(text) == said


def test_every_tab_and_every_equal_key_is_told() -> None:
    assert [line[:6] for line in read("a:\n\tb: 1\n\tc: 1\n")[1]] == ["f:2:1:", "f:3:1:"]
    assert [line[:6] for line in read("a: 1\na: 2\nb:\n  c: 1\n  c: 2\n")[1]] == ["f:2:1:", "f:5:3:"]


def test_the_first_of_two_equal_keys_is_kept() -> None:
    assert read("a: 1\na: 2\n")[0] == {"a": 1}


@pytest.mark.parametrize(
    "text",
    [
        "password: 01410",
        "password: {hunter2: 1, hunter2: 2}",
        "password: [hunter2: 1",
        "password: hunter2: x",
        "password: *hunter2",
        'password: "hunter2',
        "password: 0hunter2:\n  - @hunter2",
    ],
)
def test_a_private_value_is_never_repeated(text: str) -> None:
    said = refusal(text)
    assert "hunter2" not in said
    assert "1410" not in said


def test_an_alias_bomb_is_refused_without_being_built() -> None:
    levels = "".join(f"b{n}: &b{n} [{', '.join([f'*b{n - 1}'] * 9)}]\n" for n in range(1, 9))
    _, problems = read("b0: &b0 [lol]\n" + levels)
    assert problems[0] == "f:1:5: anchors (&name) are not used here: remove it, or put the value in quotes"
    assert problems[2].startswith("f:2:10: aliases (*name) are not used here: ")
    assert len(problems) == 9 + 8 * 9


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_deep_nesting_is_refused_where_it_becomes_too_deep(opening: str) -> None:
    column = len(opening) * DEEPEST + 1
    said = f"f:1:{column}: nested more than {DEEPEST} levels deep: no setting is, check the brackets"
    assert refusal(opening * 5000) == said


def test_a_text_of_ten_megabytes_is_refused_unread() -> None:
    assert refusal("a: b\n" * 2_000_000) == "f: larger than 1 MB: this is no configuration, check the path"


def test_the_size_is_counted_in_bytes() -> None:
    text = "# " + "é" * (LARGEST // 2)
    assert len(text) < LARGEST
    assert refusal(text) == "f: larger than 1 MB: this is no configuration, check the path"


def test_a_place_counts_every_kind_of_line_end_once() -> None:
    assert place_in("a\r\nb\nc\rd", 7) == (4, 1)
    assert place_in("a\r\nbc", 4) == (2, 2)


PIECES = (
    *(
        "a",
        "b c",
        "1",
        "01",
        "7:30",
        "a@b.example",
        "https://h.example/x?y=1#z",
        "-1",
        "~",
        "é",
        "\U0001f30c",
        "x:",
    ),
    *("'", '"', "''", '\\"', "\\n", "\\u00e9", "'it''s'", '"q: [x]"', "[", "]", "{", "}", ",", ", ", ":", ": "),
    *("-", "- ", "?", "#", " # c", "%", "|", ">", "&x ", "*x", "!t ", "---", "...", "@", "`", "<"),
    *(" ", "  ", "    ", "\n", "\n\n", "\n  ", "\n    ", "\n- ", "\n  - ", "\r\n", "\r", "\ufeff", "\u00a0", "\t"),
)
"""Of which texts are made that are nearly YAML."""


@settings(max_examples=examples(1000))
@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
@example("[https://h.example/x?y=1#z]")
def test_what_libyaml_reads_it_reads_as_pyyaml_does_and_at_the_same_places(text: str) -> None:
    quick = read_yaml(text, "f", frozenset({"password"}))
    with pytest.MonkeyPatch.context() as without:
        without.setattr(yaml, "__with_libyaml__", False)
        assert quick == read_yaml(text, "f", frozenset({"password"}))


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    node, problems = read_yaml(text, "f", frozenset())
    assert node is not None or problems or not text.strip("\ufeff \n\r") or "#" in text or set(text) & set("-.%")


_SCALARS = (
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.text(st.characters(codec="utf-8"), max_size=8)
)


@given(
    st.recursive(
        _SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3),
        max_leaves=8,
    )
)
def test_json_is_read_as_it_is_meant(value: object) -> None:
    """JSON is YAML 1.2. Only values with control characters are refused."""
    node, problems = read_yaml(json.dumps({"a": value}, ensure_ascii=False), "f", frozenset())
    if not problems:
        assert node is not None
        assert json.dumps(plain(node)) == json.dumps({"a": value})
    else:
        assert all("control character" in str(problem) for problem in problems)
