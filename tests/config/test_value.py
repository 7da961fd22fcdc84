"""Durations: the form, and the messages that lead to it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigreed.config.value import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("90s", timedelta(seconds=90)),
        ("30m", timedelta(minutes=30)),
        ("24h", timedelta(hours=24)),
        ("7d", timedelta(days=7)),
        ("2w", timedelta(days=14)),
    ],
)
def test_a_number_and_a_unit_is_a_duration(text: str, duration: timedelta) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("7", "a duration needs its unit: write 7s, 7m, 7h or 7d"),
        ("1 day", "'1 day' is no duration, write 1d"),
        ("24 Hours", "'24 Hours' is no duration, write 24h"),
        ("daily", "'daily' is no duration: write a number and a unit (s, m, h, d, w), such as 24h or 7d"),
        ("-1d", "'-1d' is no duration: write a number and a unit (s, m, h, d, w), such as 24h or 7d"),
        ("0d", "'0d' is out of range: write 1s to 366d"),
        ("367d", "'367d' is out of range: write 1s to 366d"),
        ("99999999w", "'99999999w' is out of range: write 1s to 366d"),
    ],
)
def test_what_is_no_duration_is_refused_with_the_fix(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        parse_duration(text)
    assert str(refused.value) == said


@given(st.integers(1, 366 * 86_400))
def test_a_duration_is_written_as_it_is_read(seconds: int) -> None:
    duration = timedelta(seconds=seconds)
    assert parse_duration(format_duration(duration)) == duration


def test_the_largest_unit_that_fits_is_written() -> None:
    assert format_duration(timedelta(days=1)) == "1d"
    assert format_duration(timedelta(minutes=90)) == "90m"
    assert format_duration(timedelta(hours=36)) == "36h"
