from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pedigreed.model.printable import short_line


@given(text=st.text(st.characters()), limit=st.integers(4, 100))
def test_it_is_one_writable_line_within_its_limit(text: str, limit: int) -> None:
    line = short_line(text, limit)
    line.encode("utf-8")
    assert len(line) <= limit
    assert len(line.splitlines()) <= 1
    assert line == line.strip()
    assert short_line(line, limit) == line


def test_words_stay_and_what_is_cut_is_shown() -> None:
    assert short_line(" 550-no\r\n\t550  user\x1b[31m ") == "550-no 550 user [31m"
    assert short_line("a" * 20, 10) == "aaaaaaa..."
