"""What links the lines of one cycle."""

from __future__ import annotations

import asyncio

import pytest
import structlog
from structlog.contextvars import get_contextvars, merge_contextvars
from structlog.testing import capture_logs

from pedigreed.model.failure import TryAgain
from pedigreed.service.one_cycle import one_cycle


async def in_a_thread() -> str:
    return str((await asyncio.to_thread(get_contextvars))["cycle"])


def test_tasks_and_threads_of_a_cycle_know_it() -> None:
    with one_cycle():
        mine = get_contextvars()["cycle"]
        assert asyncio.run(in_a_thread()) == mine
    assert "cycle" not in get_contextvars()
    with one_cycle():
        assert get_contextvars()["cycle"] != mine


def test_a_cycle_that_is_broken_off_says_so_and_hands_the_failure_on() -> None:
    log = structlog.get_logger()

    def broken() -> None:
        with one_cycle():
            log.info("within")
            raise TryAgain("the disk is full")

    with capture_logs(processors=[merge_contextvars]) as told:
        with pytest.raises(TryAgain):
            broken()
        log.info("after")
    within, broken_off, after = told
    assert (broken_off["event"], broken_off["reason"]) == ("cycle broken off", "TryAgain")
    assert broken_off["cycle"] == within["cycle"]
    assert "cycle" not in after
