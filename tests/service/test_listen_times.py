"""When each source of CRDS's news is read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigreed.model.source_state import SourceState
from pedigreed.service.listen_times import (
    AHEAD,
    LONGEST_LISTENING,
    RETRIES,
    Listed,
    is_awaited,
    is_reading_due,
)
from pedigreed.service.turns import last_turn, next_turn

if TYPE_CHECKING:
    from pedigreed.sources.source import Source

NOW = datetime(2026, 11, 20, 6, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)

moments = st.datetimes(datetime(2024, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # hypothesis wants them so
places = st.floats(0, 1, exclude_max=True)
lengths = st.timedeltas(SECOND, timedelta(days=30))


def listed(every: timedelta = 6 * HOUR, place: float = 0.0) -> Listed:
    return Listed("CRDS", every, place, _never)


def _never() -> Source:
    raise AssertionError("nothing is opened before it is read")


def state(asked_at: datetime, failures: int = 0) -> SourceState:
    return SourceState("CRDS", asked_at, None, failures, "it is down" if failures else None)


def test_what_was_never_read_is_due() -> None:
    assert is_reading_due(listed(), None, NOW)
    assert is_awaited(listed(), None, NOW)


def test_a_source_is_due_once_each_turn() -> None:
    turn = last_turn(6 * HOUR, 0.25, NOW)
    assert not is_reading_due(listed(place=0.25), state(turn), turn + 6 * HOUR - SECOND)
    assert is_reading_due(listed(place=0.25), state(turn), turn + 6 * HOUR)
    assert not is_reading_due(listed(place=0.25), state(turn + 6 * HOUR), turn + 6 * HOUR)


def test_what_was_read_late_is_read_at_its_next_turn_all_the_same() -> None:
    turn = last_turn(6 * HOUR, 0.0, NOW)
    assert is_reading_due(listed(), state(turn - SECOND), turn)


@pytest.mark.parametrize(
    ("failures", "pause"), [(1, RETRIES[0]), (2, RETRIES[1]), (3, RETRIES[2]), (9, RETRIES[2])]
)
def test_what_failed_is_read_again_after_pauses_that_grow(failures: int, pause: timedelta) -> None:
    source, turn = listed(timedelta(days=30)), last_turn(timedelta(days=30), 0.0, NOW)
    assert not is_reading_due(source, state(turn, failures), turn + pause - SECOND)
    assert is_reading_due(source, state(turn, failures), turn + pause)


def test_no_pause_is_longer_than_the_rhythm() -> None:
    turn = last_turn(MINUTE, 0.0, NOW)
    assert is_reading_due(listed(MINUTE), state(turn, failures=5), turn + MINUTE)


def test_a_reading_that_a_clock_far_ahead_dated_holds_up_nothing() -> None:
    assert not is_reading_due(listed(), state(NOW + AHEAD), NOW)
    assert is_reading_due(listed(), state(NOW + AHEAD + SECOND), NOW)


def test_a_digest_waits_for_no_source_that_was_read_a_moment_ago() -> None:
    often = listed(SECOND)
    young, old = state(NOW - LONGEST_LISTENING + SECOND), state(NOW - LONGEST_LISTENING)
    assert is_reading_due(often, young, NOW)
    assert not is_awaited(often, young, NOW)
    assert is_awaited(often, old, NOW)


@given(every=lengths, place=places, now=moments)
def test_a_source_that_was_just_read_is_due_again_within_its_rhythm(
    every: timedelta, place: float, now: datetime
) -> None:
    source = listed(every, place)
    assert not is_reading_due(source, state(now), now)
    assert is_reading_due(source, state(now), next_turn(every, place, now))


@given(every=lengths, now=moments, here=places, there=places)
def test_two_installations_have_their_turns_as_far_apart_as_their_places(
    every: timedelta, now: datetime, here: float, there: float
) -> None:
    apart = (last_turn(every, here, now) - last_turn(every, there, now)) % every
    expected = every * there - every * here
    assert min((apart - expected) % every, (expected - apart) % every) <= timedelta(microseconds=2)
