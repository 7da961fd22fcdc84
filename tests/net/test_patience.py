"""When a server is asked again, and how long is waited before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pedigreed.model.failure import UpstreamUnavailable
from pedigreed.net.patience import Passing, Patience, Unreached, may_pass, unwanted

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def failing(patience: Patience, *failures: UpstreamUnavailable) -> tuple[list[float], int]:
    """The pauses, and how often it was tried, where the failures come one after the other."""
    paused: list[float] = []
    tried = 0

    def fail() -> None:
        nonlocal tried
        tried += 1
        raise failures[min(tried, len(failures)) - 1]

    with pytest.raises(UpstreamUnavailable):
        replace(patience, sleep=paused.append).retrying(patience.deadline())(fail)
    return paused, tried


def test_pauses_grow_up_to_the_longest() -> None:
    paused, tried = failing(Patience(attempts=6, first_pause=1, longest_pause=5), Passing("busy"))
    assert tried == 6
    assert paused == sorted(paused)
    assert 1 <= paused[0] <= 2
    assert paused[-1] <= 6


def test_a_pause_that_the_server_asks_for_is_kept() -> None:
    paused, _ = failing(Patience(attempts=2), Passing("busy", timedelta(seconds=77)))
    assert paused == [77]


def test_a_pause_that_the_time_does_not_allow_ends_it() -> None:
    assert failing(Patience(total_timeout=60), Passing("busy", timedelta(hours=1))) == ([], 1)


def test_where_nobody_is_there_it_may_be_tried_less_often_and_each_pause_is_told() -> None:
    told: list[str] = []
    patience = Patience(attempts=5, attempts_unreached=2, tell=told.append)
    away = Unreached("its name does not resolve")
    assert failing(patience, away)[1] == 2
    assert [line.partition(" in ")[0] for line in told] == ["its name does not resolve; trying again"]
    assert failing(patience, Passing("busy"))[1] == 5
    assert failing(replace(patience, attempts_unreached=None), away)[1] == 5


def test_what_will_not_pass_is_tried_once() -> None:
    assert failing(Patience(), UpstreamUnavailable("no")) == ([], 1)
    assert failing(Patience(first_pause=0), Passing("busy"), UpstreamUnavailable("no"))[1] == 2


@pytest.mark.parametrize(
    ("status", "passes"),
    [(204, False), (302, False), (400, False), (404, False), (408, True), (425, True), (429, True), (503, True)],
)
def test_the_status_tells_whether_to_ask_again(status: int, passes: bool) -> None:
    assert may_pass(status) is passes
    assert isinstance(unwanted(status, {}, NOON), Passing) is passes


def test_a_failure_says_what_was_answered() -> None:
    busy = unwanted(429, {"Retry-After": "90"}, NOON)
    assert str(busy) == "answered HTTP 429, and asked for a pause of 90 s"
    assert isinstance(busy, Passing)
    assert busy.pause == timedelta(seconds=90)
    assert str(unwanted(404, {"Retry-After": "90"}, NOON)) == "answered HTTP 404"
    assert str(unwanted(302, {}, NOON)) == "answered HTTP 302, a redirect, which is not followed"
