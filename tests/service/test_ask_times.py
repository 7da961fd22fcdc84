"""When the archive is asked."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from examples import examples
from pedigreed.config.settings import Config
from pedigreed.model.work import Run, Work
from pedigreed.schedule import DAY, Rhythm, next_boundary
from pedigreed.service.ask_times import (
    AHEAD,
    LEAD,
    LONGEST,
    RETRIES,
    SPREAD,
    AskRhythm,
    ask_rhythm,
    is_ask_due,
    last_planned,
    next_planned,
    place_of,
)

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
END = datetime(2028, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
ZONES = (
    "UTC",
    "Europe/Madrid",
    "America/New_York",
    "America/Santiago",
    "America/Havana",
    "America/Nuuk",
    "Africa/Casablanca",
    "Australia/Lord_Howe",
    "Antarctica/Troll",
    "Pacific/Kiritimati",
)

zones = st.sampled_from(ZONES).map(ZoneInfo)
clock_times = st.builds(time, st.integers(0, 23), st.sampled_from((0, 15, 30, 59)))
places = st.floats(0, 1)
moments = st.datetimes(BEGIN.replace(tzinfo=None), END.replace(tzinfo=None), timezones=st.just(UTC))
lengths = st.integers(1, 20 * 24).map(lambda hours: hours * HOUR)
# With digests at 7:00 in Madrid, which is 6:00 UTC in winter, half of the spread is 45 minutes: 4:45 UTC.
DAILY = AskRhythm(DAY, time(7), ZoneInfo("Europe/Madrid"), 0.5)
PLANNED = datetime(2026, 11, 21, 4, 45, tzinfo=UTC)


def planned(rhythm: AskRhythm, begin: datetime, end: datetime) -> list[datetime]:
    found = [next_planned(rhythm, begin)]
    while found[-1] < end:
        found.append(next_planned(rhythm, found[-1]))
    return found


@settings(max_examples=examples(20))
@given(at=clock_times, zone=zones, place=places)
@example(at=time(23, 30), zone=ZoneInfo("America/Nuuk"), place=0.0)
def test_once_for_each_local_date_and_so_long_before_its_first_digest(
    at: time, zone: ZoneInfo, place: float
) -> None:
    moments = planned(AskRhythm(DAY, at, zone, place), BEGIN, END)
    digests = [next_boundary(Rhythm(DAY, at, zone), moment) for moment in moments]
    days = [datetime.fromisoformat(digest.label) for digest in digests]
    assert {later - earlier for earlier, later in pairwise(days)} == {DAY}
    assert len(days) >= 730
    for digest, moment in zip(digests, moments, strict=True):
        assert LEAD <= digest.at - moment <= LEAD + SPREAD


@settings(max_examples=examples(50))
@given(days=st.integers(1, 14), at=clock_times, zone=zones, place=places, now=moments)
def test_every_so_many_days_it_is_so_many_local_dates(
    days: int, at: time, zone: ZoneInfo, place: float, now: datetime
) -> None:
    rhythm = AskRhythm(days * DAY, at, zone, place)
    digests = [
        datetime.fromisoformat(next_boundary(Rhythm(DAY, at, zone), moment).label)
        for moment in planned(rhythm, now, now + 5 * days * DAY)
    ]
    assert {later - earlier for earlier, later in pairwise(digests)} == {days * DAY}


@given(every=lengths.filter(lambda every: every % DAY), place=places, now=moments)
def test_an_interval_that_is_not_of_whole_days_is_kept_exactly(
    every: timedelta, place: float, now: datetime
) -> None:
    found = planned(AskRhythm(every, time(7), ZoneInfo("Europe/Madrid"), place), now, now + 5 * every)
    assert {later - earlier for earlier, later in pairwise(found)} == {every}


@given(every=lengths, at=clock_times, zone=zones, place=places, now=moments)
def test_now_lies_between_the_last_planned_moment_and_the_next(
    every: timedelta, at: time, zone: ZoneInfo, place: float, now: datetime
) -> None:
    rhythm = AskRhythm(every, at, zone, place)
    last, following = last_planned(rhythm, now), next_planned(rhythm, now)
    assert last <= now < following
    assert last_planned(rhythm, following) == following
    assert next_planned(rhythm, last) == following


def test_the_earliest_digest_of_a_day_counts() -> None:
    config = Config.model_validate(
        {
            "timezone": "Europe/Madrid",
            "sources": {"mast": {"every": "12h"}},
            "channels": {"keep": {"folder": {"path": "/var/tmp/kept"}}},
            "subscriptions": [
                {
                    "name": name,
                    "watch": {"programs": [1180]},
                    "digest": {"at": at},
                    "deliver": [{"channel": "keep"}],
                }
                for name, at in (("a", "09:00"), ("b", "06:30"), ("c", "22:00"))
            ],
        },
        strict=False,
    )
    assert ask_rhythm(config, 0.25) == AskRhythm(12 * HOUR, time(6, 30), ZoneInfo("Europe/Madrid"), 0.25)


def test_installations_are_spread_and_each_keeps_its_place() -> None:
    found = sorted(place_of(f"host-{number} /var/lib/pedigreed/pedigreed.db") for number in range(1000))
    assert all(0 <= place < 1 for place in found)
    assert all(60 <= sum(int(10 * place) == tenth for place in found) <= 140 for tenth in range(10))
    assert place_of("a host with \udcff") == place_of("a host with \udcff")


def run(started_at: datetime, *, problem: str | None = None, is_over: bool = True) -> Run:
    ended_at = started_at + MINUTE if is_over else None
    return Run(1, Work.ASK, started_at, ended_at=ended_at, problem=problem)


def is_due(now: datetime, *runs: Run, has_unasked: bool = False) -> bool:
    return is_ask_due(DAILY, runs, now, has_unasked=has_unasked)


def test_it_is_due_when_it_was_never_asked() -> None:
    assert is_due(PLANNED + 11 * HOUR)


def test_it_is_due_at_the_planned_moment_and_not_again() -> None:
    yesterday = run(PLANNED - DAY)
    assert not is_due(PLANNED - MINUTE, yesterday)
    assert is_due(PLANNED, yesterday)
    assert not is_due(PLANNED, run(PLANNED), yesterday)
    assert not is_due(PLANNED + DAY - MINUTE, run(PLANNED), yesterday)


def test_after_days_of_sleep_it_is_due_once() -> None:
    woken = PLANNED + 5 * DAY + 3 * HOUR
    assert is_due(woken, run(PLANNED))
    assert not is_due(woken + HOUR, run(woken), run(PLANNED))


def test_after_failures_it_is_tried_again_with_growing_pauses() -> None:
    failed = [run(PLANNED, problem="502")]
    for pause in (*RETRIES, RETRIES[-1]):
        ended = failed[0].ended_at
        assert ended is not None
        assert not is_due(ended + pause - MINUTE, *failed)
        assert is_due(ended + pause, *failed)
        failed.insert(0, run(ended + pause, problem="502"))


def test_after_a_failure_the_planned_moment_is_not_missed() -> None:
    failures = [run(PLANNED - number * HOUR, problem="502") for number in (2, 7, 8)]
    assert not is_due(PLANNED - MINUTE, *failures)
    assert is_due(PLANNED, *failures)


def test_a_success_ends_the_counting_of_failures() -> None:
    runs = [run(PLANNED, problem="502"), run(PLANNED - HOUR), *[run(PLANNED - DAY, problem="502")] * 5]
    assert is_due(PLANNED + MINUTE + RETRIES[0], *runs)


@pytest.mark.parametrize("has_unasked", [True, False])
def test_while_one_is_at_it_nobody_else_begins(has_unasked: bool) -> None:
    begun = run(PLANNED, is_over=False)
    assert not is_due(PLANNED + MINUTE, begun, has_unasked=has_unasked)
    assert not is_due(PLANNED + LONGEST - MINUTE, begun, has_unasked=has_unasked)


def test_one_that_was_interrupted_counts_as_a_failure_after_the_longest_time() -> None:
    begun = run(PLANNED, is_over=False)
    assert is_due(PLANNED + LONGEST, begun)
    assert not is_due(PLANNED + LONGEST + MINUTE, run(PLANNED + LONGEST), begun)


def test_a_program_that_was_never_asked_for_is_asked_for_at_once_but_not_again_and_again() -> None:
    now = PLANNED + HOUR
    assert is_due(now, run(PLANNED), has_unasked=True)
    assert not is_due(now, run(PLANNED), has_unasked=False)
    failed = run(now, problem="502")
    assert not is_due(now + 2 * MINUTE, failed, run(PLANNED), has_unasked=True)
    assert is_due(now + MINUTE + RETRIES[0], failed, run(PLANNED), has_unasked=True)


def test_an_asking_that_a_clock_far_ahead_dated_does_not_count() -> None:
    assert is_due(PLANNED, run(PLANNED + 400 * DAY))
    assert not is_due(PLANNED + MINUTE, run(PLANNED), run(PLANNED + 400 * DAY))


@given(back=st.timedeltas(timedelta(0), AHEAD))
def test_a_clock_that_goes_back_an_hour_asks_nothing_again(back: timedelta) -> None:
    asked = PLANNED + MINUTE
    assert not is_due(asked - back, run(asked), run(PLANNED - DAY))
