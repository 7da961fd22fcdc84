"""The pause that a server asks for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigreed.sources.crds.retry_after import LONGEST, retry_after

NEW_YEAR = 1_767_225_600.0
"""2026 begins, UTC."""


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("120", 120.0),
        (" 7 ", 7.0),
        ("Thu, 01 Jan 2026 00:01:00 GMT", 60.0),
        ("Wed, 31 Dec 2025 23:59:00 GMT", 0.0),
        ("Fri, 01 Jan 2100 00:00:00 GMT", LONGEST),
        ("9" * 400, LONGEST),
        ("soon", 0.0),
        ("-5", 0.0),
        ("", 0.0),
    ],
)
def test_a_number_or_a_date(written: str, seconds: float) -> None:
    assert retry_after(written, NEW_YEAR) == seconds


@given(st.text(max_size=60))
def test_any_text_is_a_bearable_pause(written: str) -> None:
    assert 0 <= retry_after(written, NEW_YEAR) <= LONGEST
