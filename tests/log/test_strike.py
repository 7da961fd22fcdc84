"""What is struck out of a text beside the secrets that are known."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from pedigreed.log.strike import struck

if TYPE_CHECKING:
    from pedigreed.config.revealed import Revealed


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("smtp://me:hunter2@mx.example:587", "smtp://***@mx.example:587"),
        ("to https://h.example/a?token=hunter2 now", "to https://h.example/a?*** now"),
        ("https://h.example?token=hunter2", "https://h.example?***"),
        ("https://h.example/a#token=hunter2", "https://h.example/a#***"),
        ('"GET /a/b?token=hunter2 HTTP/1.1" 200', '"GET /a/b?*** HTTP/1.1" 200'),
        ("https://hooks.slack.com/services/T/B/hunter2", "https://hooks.slack.com/services/***"),
        ("https://HOOKS.slack.com/services/T/B/hunter2.", "https://HOOKS.slack.com/services/***"),
        ("POST /services/T01/B02/hunter2 failed", "POST /services/*** failed"),
        ("<https://h.example/?a=hunter2>", "<https://h.example/?***>"),
    ],
)
def test_what_may_be_a_secret_in_a_url_is_struck(known: Revealed, text: str, left: str) -> None:
    del known
    assert struck(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "jw01180001001_02101_00001_nrca1_cal.fits",
        "https://mast.stsci.edu/api/v0/invoke",
        "sent to me@obs.example and/or others? Yes.",
        "VALUES (?, ?) 1/2",
        "/opt/pedigreed/service/cycle.py:88",
        "services/slack.md",
        "",
    ],
)
def test_what_has_no_secret_is_left(known: Revealed, text: str) -> None:
    del known
    assert struck(text) == text


def test_a_known_secret_is_struck_inside_a_url_and_out_of_it(known: Revealed) -> None:
    known.add("hunter2")
    assert struck("https://hunter2.example/hunter2/x hunter2") == "https://***.example/***/x ***"


@pytest.mark.parametrize(
    "text", ["/" * 100_000, "://" * 100_000, "a/?" * 100_000, "://a@" * 50_000, "?#" * 100_000]
)
def test_a_long_text_costs_no_more_than_its_length(known: Revealed, text: str) -> None:
    known.add("hunter2")
    began = time.monotonic()
    struck(text)
    assert time.monotonic() - began < 2.0
