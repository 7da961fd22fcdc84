"""A failure that repeats does not fill the log."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from pedigreed.log.repeats import MOST, Repeats
from pedigreed.log.setup import OneLineHandler

if TYPE_CHECKING:
    import pytest


def test_a_failure_that_repeats_is_counted_and_due_once_a_minute() -> None:
    now = 1000.0
    repeats = Repeats(lambda: now)
    assert repeats.count("down") == 1
    now += 59
    assert [repeats.count("down") for _ in range(10)] == [0] * 10
    assert repeats.count("another") == 1
    now += 1
    assert repeats.count("down") == 11
    assert repeats.count("down") == 0
    now += 60
    assert repeats.count("down") == 2


def test_no_more_failures_are_remembered_than_there_is_room_for() -> None:
    repeats = Repeats(lambda: 0.0)
    assert all(repeats.count(number) == 1 for number in range(10 * MOST))
    assert repeats.count(10 * MOST - 1) == 0
    assert repeats.count(0) == 1


def test_what_a_library_warns_of_again_and_again_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    handler = OneLineHandler()
    for _ in range(1000):
        handler.handle(
            logging.LogRecord("asyncio", logging.ERROR, "", 0, "socket.accept() out of %s", ("fds",), None)
        )
    handler.handle(logging.LogRecord("asyncio", logging.ERROR, "", 0, "another", None, None))
    assert capsys.readouterr().err.splitlines() == ["socket.accept() out of fds", "another"]


def test_what_is_ours_is_always_told(capsys: pytest.CaptureFixture[str]) -> None:
    handler = OneLineHandler()
    for _ in range(3):
        handler.handle(logging.LogRecord("pedigreed", logging.ERROR, "", 0, "the same", None, None))
    assert capsys.readouterr().err.splitlines() == ["the same"] * 3
