from __future__ import annotations

import asyncio
import itertools
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from hooks import Clock
from pedigreed.delivery.posting import Pace

SECOND = timedelta(seconds=1)


def paced(clock: Clock, interval: timedelta = SECOND) -> Pace:
    return Pace(interval, clock, clock.sleep)


def test_the_first_message_waits_for_nothing() -> None:
    clock = Clock()
    assert asyncio.run(paced(clock).turn()) == timedelta(0)
    assert clock.sleeps == []


@given(st.lists(st.floats(0, 5), min_size=1, max_size=20))
def test_messages_are_a_second_apart_however_they_come(gaps: list[float]) -> None:
    clock = Clock()

    async def scenario() -> list[float]:
        pace, times = paced(clock), []
        for gap in gaps:
            clock.now += gap
            await pace.turn()
            times.append(clock.now)
        return times

    times = asyncio.run(scenario())
    assert all(later - earlier >= 1 - 1e-9 for earlier, later in itertools.pairwise(times))


def test_messages_that_come_at_once_take_turns() -> None:
    clock = Clock()

    async def scenario() -> None:
        pace = paced(clock)
        await asyncio.gather(*(pace.turn() for _ in range(4)))

    asyncio.run(scenario())
    assert clock.sleeps == [1, 2, 3]


def test_quiet_is_told_and_not_waited_for() -> None:
    clock = Clock()

    async def scenario() -> None:
        pace = paced(clock)
        pace.keep_quiet(timedelta(seconds=30))
        pace.keep_quiet(timedelta(seconds=5))
        assert await pace.turn() == timedelta(seconds=30)
        clock.now += 29
        assert await pace.turn() == SECOND
        clock.now += 1
        assert await pace.turn() == timedelta(0)

    asyncio.run(scenario())
    assert clock.sleeps == []


def test_who_waits_for_a_turn_hears_of_quiet_that_came_meanwhile() -> None:
    clock = Clock()

    async def scenario() -> timedelta:
        pace = paced(clock)
        await pace.turn()
        waiting = asyncio.create_task(pace.turn())
        await asyncio.sleep(0)
        pace.keep_quiet(timedelta(seconds=10))
        return await waiting

    assert asyncio.run(scenario()) == timedelta(seconds=9)


def test_without_an_interval_nobody_waits() -> None:
    clock = Clock()

    async def scenario() -> None:
        pace = paced(clock, timedelta(0))
        await asyncio.gather(*(pace.turn() for _ in range(4)))

    asyncio.run(scenario())
    assert clock.sleeps == []
