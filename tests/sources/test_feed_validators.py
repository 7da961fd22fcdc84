"""A bookmark is given back as the headers that it was made of, or it is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigreed.sources.feeds.feed_source import kept_validators, validators_of

URL = "https://lists.example/feed"


def test_it_brings_the_validators_back() -> None:
    text = validators_of(URL, {"ETag": 'W/"1"', "Last-Modified": "Sat, 21 Nov 2026 10:00:00 GMT"}).text
    assert kept_validators(text, URL).conditions == {
        "If-None-Match": 'W/"1"',
        "If-Modified-Since": "Sat, 21 Nov 2026 10:00:00 GMT",
    }


def test_without_validators_there_is_none() -> None:
    assert validators_of(URL, {}).text is None


def test_for_another_address_it_means_nothing() -> None:
    text = validators_of(URL, {"ETag": '"1"'}).text
    assert kept_validators(text, "https://lists.example/other").conditions == {}


def test_it_does_not_tell_the_address() -> None:
    text = validators_of(f"{URL}?token=hunter2", {"ETag": '"1"'}).text
    assert text is not None
    assert "hunter2" not in text


@pytest.mark.parametrize("value", ['"a"\r\nX: y', '"\u00e9"', "x" * 2000, ""])
def test_what_can_not_be_sent_back_is_left_out(value: str) -> None:
    assert validators_of(URL, {"ETag": value}).text is None


@given(st.none() | st.text() | st.sampled_from(['{"address": 1}', "{}", "[]", '{"address":"x","etag":"\\n"}']))
def test_any_text_is_survived(text: str | None) -> None:
    assert kept_validators(text, URL).conditions == {}
