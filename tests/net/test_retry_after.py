"""The pause that a server asks for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigreed.net.patience import LONGEST_PAUSE, NO_PAUSE, retry_after

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
DAY = LONGEST_PAUSE.total_seconds()


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("0", 0),
        ("1.5", 1.5),
        ("9" * 400, DAY),
        ("Thu, 01 Jan 2026 00:01:00 GMT", 60),
        ("Thursday, 01-Jan-26 00:01:00 GMT", 60),
        ("Thu Jan  1 00:01:00 2026", 60),
        ("Wed, 31 Dec 2025 23:59:00 GMT", 0),
        ("Fri, 01 Jan 2100 00:00:00 GMT", DAY),
        ("soon", 0),
        ("-5", 0),
        ("+5", 0),
        ("1e9", 0),
        ("1_000", 0),
        ("inf", 0),
        ("nan", 0),
        ("\u0661\u0662", 0),
        ("", 0),
    ],
)
def test_a_number_or_a_date(written: str, seconds: float) -> None:
    assert retry_after({"Retry-After": written}, NEW_YEAR) == timedelta(seconds=seconds)


def test_nothing_is_asked_for_without_the_header() -> None:
    assert retry_after({}, NEW_YEAR) == NO_PAUSE


@pytest.mark.parametrize(("date", "seconds"), [("Wed, 31 Dec 2025 23:00:00 GMT", 3660), ("nonsense", 60)])
def test_a_date_is_held_against_the_servers_own_clock_where_it_tells_it(date: str, seconds: int) -> None:
    headers = {"Retry-After": "Thu, 01 Jan 2026 00:01:00 GMT", "Date": date}
    assert retry_after(headers, NEW_YEAR) == timedelta(seconds=seconds)


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_is_a_bearable_pause(written: str, date: str) -> None:
    assert NO_PAUSE <= retry_after({"Retry-After": written, "Date": date}, NEW_YEAR) <= LONGEST_PAUSE
