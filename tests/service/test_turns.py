"""The turns of what is done again and again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from pedigreed.service.turns import last_turn, next_turn

HOUR = timedelta(hours=1)

moments = st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # hypothesis wants them so
places = st.floats(0, 1, exclude_max=True)
lengths = st.timedeltas(timedelta(seconds=1), timedelta(days=366))


def test_turns_are_a_whole_rhythm_apart_and_as_early_as_the_place_says() -> None:
    now = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)
    assert last_turn(6 * HOUR, 0.0, now) == datetime(2026, 11, 20, 6, tzinfo=UTC)
    assert next_turn(6 * HOUR, 0.0, now) == datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert last_turn(6 * HOUR, 0.25, now) == datetime(2026, 11, 20, 4, 30, tzinfo=UTC)
    assert next_turn(6 * HOUR, 0.25, now) == datetime(2026, 11, 20, 10, 30, tzinfo=UTC)


@given(every=lengths, place=places, now=moments)
def test_now_is_between_the_last_turn_and_the_next(every: timedelta, place: float, now: datetime) -> None:
    last = last_turn(every, place, now)
    assert last <= now < next_turn(every, place, now)
    assert last_turn(every, place, last) == last, "a turn is its own"


@given(every=lengths, place=places, now=moments, later=st.timedeltas(timedelta(0), timedelta(days=800)))
def test_turns_come_in_their_order_and_none_is_left_out(
    every: timedelta, place: float, now: datetime, later: timedelta
) -> None:
    first, last = last_turn(every, place, now), last_turn(every, place, now + later)
    assert (last - first) % every == timedelta(0)
    assert timedelta(0) <= last - first <= later + every
