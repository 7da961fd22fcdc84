"""When a pause holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pedigreed.model.pause import LONGEST, Pause, Paused, nth_pause

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("until", "holds"),
    [
        (NOON - MINUTE, False),
        (NOON, False),
        (NOON + MINUTE, True),
        (NOON + LONGEST, True),
        (NOON + LONGEST + MINUTE, False),
        (NOON + timedelta(days=400), False),
    ],
)
def test_a_pause_holds_until_its_end_unless_only_a_wrong_clock_can_have_begun_it(
    until: datetime, *, holds: bool
) -> None:
    pause = Pause(Paused.CHANNEL, "email", NOON, until, 1, "no answer")
    assert pause.holds(NOON) is holds


def test_pauses_grow_and_the_last_one_repeats() -> None:
    steps = [timedelta(minutes=minutes) for minutes in (1, 5, 15)]
    assert [nth_pause(steps, times) for times in range(1, 6)] == [*steps, steps[-1], steps[-1]]
