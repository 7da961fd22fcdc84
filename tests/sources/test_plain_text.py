"""Text from outside is text, whatever it holds."""

from __future__ import annotations

import re
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigreed.sources.plain_text import plain, plain_from_html, plain_line


def test_lines_and_spaces_are_put_in_order() -> None:
    assert plain("one\r\ntwo \t three\r\n\r\n\r\n\r\nfour  \n") == "one\ntwo three\n\nfour"


@pytest.mark.parametrize(
    "text",
    [
        "\x1b[31mred\x1b[0m",
        "\x1b]0;title\x07red",
        "\x1b]8;;https://evil.example\x1b\\red\x1b]8;;\x1b\\",
        "r\x00e\x08d",
        "\u202ered",
        "r\u200be\ufeffd",
    ],
)
def test_what_steers_a_terminal_or_the_direction_of_writing_is_left_out(text: str) -> None:
    assert plain(text) == "red"


def test_a_line_can_hold_no_line_end() -> None:
    assert plain_line("new\r\nBcc: someone@obs.example\u2028x") == "new Bcc: someone@obs.example x"


def test_a_page_is_read_as_its_reader_would() -> None:
    page = """<html><head><title>no</title><style>b{}</style></head><body><p>Affected <b>data</b>:
    MIRI<br>MRS<SCRIPT>alert("<p>")</script ></p><ul><li>dark</li><li>flat</li></ul>
    <table><tr><td>1</td><td>2</td></tr></table><!-- > no --><pre>a
b</pre>&lt;i&gt; 1 < 2</body></html>"""
    lines = [line for line in plain_from_html(page).split("\n") if line]
    assert lines == ["Affected data: MIRI", "MRS", "dark", "flat", "1 2", "a", "b", "<i> 1 < 2"]


def test_text_has_a_limit() -> None:
    assert len(plain("x" * 1000, 10)) == 10
    assert len(plain_from_html("<p>" + "x" * 1000, 10)) == 10


@pytest.mark.parametrize("opened", ["<!--", "<script>", "<a href='", "<![CDATA["])
def test_what_is_never_closed_has_no_text_after_it(opened: str) -> None:
    assert plain_from_html(f"<p>told</p>{opened}secret") == "told"


@given(st.text() | st.text(alphabet="<>/abprescit!-[]&;\"'= \n\x1b"))
def test_nothing_but_visible_characters_is_left(text: str) -> None:
    for made in (plain(text), plain_from_html(text)):
        assert all(c == "\n" or unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co", "Cn"} for c in made)
        assert plain(made) == made


@pytest.mark.parametrize("marks", ["\u0300", "\u0316\u0300", "\u0345\u0327\u0300"])
def test_marks_without_end_take_no_time_without_end(marks: str) -> None:
    """Their order is put right in a time that grows with the square of their number."""
    text = "a" + marks * (400_000 // len(marks))
    began = time.process_time()
    for read in (plain(text), plain_line(text), plain_from_html(f"<p>{text}"), plain(text + " and more")):
        assert sum(map(unicodedata.combining, read)) > 0
        assert max(len(run) for run in re.findall("[\u0300-\u036f]*", read)) <= 30
    assert time.process_time() - began < 10


def test_the_marks_of_a_language_are_kept() -> None:
    zalgo = "e" + "\u0301" * 3
    assert plain(f"re\u0301sume\u0301 {zalgo}") == unicodedata.normalize("NFC", f"r\u00e9sum\u00e9 {zalgo}")
