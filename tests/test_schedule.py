"""When digests are due, and when programs are asked for everything."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from examples import examples
from pedigreed.schedule import (
    DAY,
    WEEK,
    Boundary,
    Rhythm,
    due,
    due_periods,
    is_sweep_due,
    last_boundary,
    last_turn,
    next_boundary,
    next_turn,
)

HOUR = timedelta(hours=1)
ZONES = (
    "UTC",
    "Europe/Madrid",
    "America/New_York",
    "America/Santiago",  # changes at local midnight
    "America/Havana",  # midnight comes twice, or not at all
    "America/Nuuk",  # autumn goes back over midnight
    "America/St_Johns",
    "Asia/Beirut",
    "Africa/Cairo",
    "Africa/Casablanca",  # four changes in some years
    "Australia/Lord_Howe",  # half an hour
    "Antarctica/Troll",  # two hours
    "Atlantic/Azores",
    "Asia/Kathmandu",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
)
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
END = datetime(2028, 1, 1, tzinfo=UTC)

zones = st.sampled_from(ZONES).map(ZoneInfo)
clock_times = st.builds(time, st.integers(0, 23), st.sampled_from((0, 15, 30, 59)))
moments = st.datetimes(BEGIN.replace(tzinfo=None), END.replace(tzinfo=None), timezones=st.just(UTC))
lengths = (
    st.integers(1, 40 * 24)
    .map(lambda hours: timedelta(hours=hours))
    .filter(lambda every: every not in (DAY, WEEK))
)
rhythms = st.builds(Rhythm, st.sampled_from((DAY, WEEK)) | lengths, clock_times, zones)


def daily(at: str, zone: str = "Europe/Madrid", every: timedelta = DAY) -> Rhythm:
    return Rhythm(every, time.fromisoformat(at), ZoneInfo(zone))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def boundaries(rhythm: Rhythm, begin: datetime, end: datetime) -> list[Boundary]:
    found = [next_boundary(rhythm, begin)]
    while found[-1].at < end:
        found.append(next_boundary(rhythm, found[-1].at))
        assert found[-1].at > found[-2].at
    return found


def told(rhythm: Rhythm, cycles: list[datetime], last_end: datetime | None) -> list[str]:
    """The labels of the periods that cycles at these moments close, each at its own moment."""
    labels = []
    for now in cycles:
        boundary = due(rhythm, last_end, now)
        if boundary is not None:
            labels.append(boundary.label)
            last_end = now
    return labels


@pytest.mark.failure("summer time begins or ends")
@settings(max_examples=examples(60))
@given(at=clock_times, zone=zones)
def test_every_local_date_of_two_years_has_exactly_one_boundary(at: time, zone: ZoneInfo) -> None:
    labels = [boundary.label for boundary in boundaries(Rhythm(DAY, at, zone), BEGIN, END)]
    first = date.fromisoformat(labels[0])
    assert labels == [(first + timedelta(days=number)).isoformat() for number in range(len(labels))]
    assert len(labels) >= 729


@settings(max_examples=examples(60))
@given(at=clock_times, zone=zones)
def test_a_boundary_is_at_the_local_time_of_its_date_or_after_the_hour_that_spring_skips(
    at: time, zone: ZoneInfo
) -> None:
    for boundary in boundaries(Rhythm(DAY, at, zone), BEGIN, END):
        local = boundary.at.astimezone(zone)
        assert local.fold == 0
        wanted = datetime.combine(date.fromisoformat(boundary.label), at)
        if local.replace(tzinfo=None) != wanted:
            before = (boundary.at - 3 * HOUR).astimezone(zone)
            skipped = local.replace(tzinfo=UTC) - before.replace(tzinfo=UTC) - 3 * HOUR
            assert skipped > timedelta(0)
            assert local.replace(tzinfo=None) == wanted + skipped


@pytest.mark.failure("summer time begins or ends")
@settings(max_examples=examples(30))
@given(at=clock_times, zone=zones, offset=st.integers(0, 59))
def test_an_hourly_cycle_tells_each_local_date_once(at: time, zone: ZoneInfo, offset: int) -> None:
    begin = BEGIN + timedelta(minutes=offset)
    cycles = [begin + number * HOUR for number in range(2 * 365 * 24)]
    labels = told(Rhythm(DAY, at, zone), cycles, begin)
    assert [date.fromisoformat(later) - date.fromisoformat(earlier) for earlier, later in pairwise(labels)] == [
        DAY
    ] * (len(labels) - 1)
    assert len(labels) >= 729


@given(rhythm=rhythms, now=moments)
@example(Rhythm(DAY, time(23, 30), ZoneInfo("America/Nuuk")), datetime(2026, 3, 29, 1, tzinfo=UTC))
def test_now_lies_between_the_last_boundary_and_the_next(rhythm: Rhythm, now: datetime) -> None:
    last, following = last_boundary(rhythm, now), next_boundary(rhythm, now)
    assert last.at <= now < following.at
    assert last.label != following.label
    assert last_boundary(rhythm, following.at) == following
    assert last_boundary(rhythm, following.at - timedelta(milliseconds=1)) == last


@given(rhythm=rhythms, now=moments, late=st.timedeltas(timedelta(0), timedelta(days=60)))
def test_nothing_is_due_after_closing_until_the_next_boundary(
    rhythm: Rhythm, now: datetime, late: timedelta
) -> None:
    following = next_boundary(rhythm, now)
    assert due(rhythm, now, now) is None
    assert due(rhythm, now, following.at - timedelta(milliseconds=1)) is None
    assert due(rhythm, now, following.at) == following
    assert due(rhythm, now, following.at + late) == last_boundary(rhythm, following.at + late)


@pytest.mark.failure("the clock is set back")
@given(rhythm=rhythms, now=moments, back=st.timedeltas(timedelta(0), timedelta(days=2)))
def test_a_clock_that_goes_back_repeats_nothing(rhythm: Rhythm, now: datetime, back: timedelta) -> None:
    assert due(rhythm, now, now - back) is None
    before = last_boundary(rhythm, now)
    assert told(rhythm, [before.at, before.at - HOUR, before.at, before.at + HOUR], before.at - DAY)[1:] == [
        boundary.label for boundary in (last_boundary(rhythm, before.at + HOUR),) if boundary.at > before.at
    ]


def test_the_first_period_is_due_at_once() -> None:
    assert due(daily("07:00"), None, utc("2026-11-22T05:00")) == Boundary("2026-11-21", utc("2026-11-21T06:00"))


@pytest.mark.parametrize(
    ("now", "label", "at"),
    [
        ("2026-11-22T05:59", "2026-11-21", "2026-11-21T06:00"),
        ("2026-11-22T06:00", "2026-11-22", "2026-11-22T06:00"),
        ("2026-07-22T05:00", "2026-07-22", "2026-07-22T05:00"),
    ],
)
def test_a_day_ends_at_its_local_time(now: str, label: str, at: str) -> None:
    assert last_boundary(daily("07:00"), utc(now)) == Boundary(label, utc(at))


@pytest.mark.failure("summer time begins or ends")
def test_the_hour_that_spring_skips_is_told_an_hour_later() -> None:
    assert last_boundary(daily("02:30"), utc("2026-03-29T12:00")) == Boundary(
        "2026-03-29", utc("2026-03-29T01:30")
    )


@pytest.mark.failure("summer time begins or ends")
def test_the_hour_that_autumn_repeats_is_told_at_its_first() -> None:
    rhythm = daily("02:30")
    first = utc("2026-10-25T00:30")
    assert last_boundary(rhythm, first) == Boundary("2026-10-25", first)
    assert due(rhythm, first, first + HOUR) is None


def test_several_missed_days_are_told_once() -> None:
    rhythm = daily("07:00")
    cycles = [utc("2026-11-22T09:00"), utc("2026-11-22T09:01"), utc("2026-11-23T06:00")]
    assert told(rhythm, cycles, utc("2026-11-17T06:00")) == ["2026-11-22", "2026-11-23"]


def test_a_late_digest_does_not_move_the_next() -> None:
    rhythm = daily("07:00")
    cycles = [utc("2026-11-22T23:50"), utc("2026-11-23T05:59"), utc("2026-11-23T06:00")]
    assert told(rhythm, cycles, utc("2026-11-21T06:00")) == ["2026-11-22", "2026-11-23"]


@given(at=clock_times, zone=zones, weekday=st.integers(0, 6))
def test_a_week_ends_on_its_day(at: time, zone: ZoneInfo, weekday: int) -> None:
    found = boundaries(Rhythm(WEEK, at, zone, weekday), BEGIN, END)
    days = [date.fromisoformat(boundary.label) for boundary in found]
    assert {day.weekday() for day in days} == {weekday}
    assert {later - earlier for earlier, later in pairwise(days)} == {WEEK}


@given(every=lengths, begin=moments)
def test_any_other_length_is_kept_exactly(every: timedelta, begin: datetime) -> None:
    rhythm = Rhythm(every, time(7), ZoneInfo("Europe/Madrid"))
    found = boundaries(rhythm, begin, begin + 5 * every)
    assert {later.at - earlier.at for earlier, later in pairwise(found)} == {every}
    assert len({boundary.label for boundary in found}) == len(found)


def test_twelve_hours_end_at_midnight_and_noon() -> None:
    rhythm = daily("07:00", every=12 * HOUR)
    assert last_boundary(rhythm, utc("2026-11-22T17:00")).at == utc("2026-11-22T12:00")
    assert next_boundary(rhythm, utc("2026-11-22T17:00")).at == utc("2026-11-23T00:00")


def sweeps(program: int, cycles: list[datetime], every: timedelta) -> list[int]:
    """Which of the cycles sweep a program. The first does: the program is new."""
    swept: list[int] = []
    for number, now in enumerate(cycles):
        if is_sweep_due(program, cycles[swept[-1]] if swept else None, every, now):
            swept.append(number)
    return swept


def test_a_program_that_was_never_swept_is_due() -> None:
    assert is_sweep_due(1180, None, WEEK, BEGIN)


@given(program=st.integers(1, 99999), begin=moments, days=st.integers(1, 10))
def test_a_daily_cycle_sweeps_each_program_once_an_interval_whatever_its_hour(
    program: int, begin: datetime, days: int
) -> None:
    _, *swept = sweeps(program, [begin + number * DAY for number in range(8 * days + 1)], days * DAY)
    assert len(swept) == 8
    assert {later - earlier for earlier, later in pairwise(swept)} == {days}


@given(
    program=st.integers(1, 99999),
    begin=moments,
    lateness=st.lists(st.integers(0, 11 * 60), min_size=70, max_size=70),
)
def test_a_cycle_that_is_late_now_and_then_leaves_no_interval_out(
    program: int, begin: datetime, lateness: list[int]
) -> None:
    cycles = [begin + number * DAY + timedelta(minutes=late) for number, late in enumerate(lateness)]
    _, *swept = sweeps(program, cycles, WEEK)
    assert {later - earlier for earlier, later in pairwise(swept)} <= {6, 7, 8}
    assert 9 <= len(swept) <= 11


@given(program=st.integers(1, 99999), now=moments, back=st.timedeltas(timedelta(0), timedelta(days=30)))
def test_a_sweep_is_not_repeated_when_the_clock_goes_back(program: int, now: datetime, back: timedelta) -> None:
    assert not is_sweep_due(program, now, WEEK, now)
    assert not is_sweep_due(program, now, WEEK, now - back)


@pytest.mark.parametrize("hour", range(0, 24, 5))
def test_the_sweeps_of_many_programs_are_spread_evenly_over_the_week(hour: int) -> None:
    cycles = [BEGIN + hour * HOUR + number * DAY for number in range(8)]
    load = Counter(day for program in range(1000, 1700) for day in sweeps(program, cycles, WEEK)[1:])
    assert sum(load.values()) == 700
    assert all(70 <= load[day] <= 140 for day in range(1, 8))


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.tuples(rhythms, st.none() | moments)),
    moments,
)
def test_the_due_periods_of_many_are_those_of_each(
    subscriptions: dict[str, tuple[Rhythm, datetime | None]], now: datetime
) -> None:
    of_each = [name for name, (rhythm, last_end) in subscriptions.items() if due(rhythm, last_end, now)]
    together = {name: rhythm for name, (rhythm, _) in subscriptions.items()}
    assert due_periods(together, {name: end for name, (_, end) in subscriptions.items()}, now) == of_each


turn_moments = st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # hypothesis wants them so
places = st.floats(0, 1, exclude_max=True)
turn_lengths = st.timedeltas(timedelta(seconds=1), timedelta(days=366))


def test_turns_are_a_whole_rhythm_apart_and_as_early_as_the_place_says() -> None:
    now = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)
    assert last_turn(6 * HOUR, 0.0, now) == datetime(2026, 11, 20, 6, tzinfo=UTC)
    assert next_turn(6 * HOUR, 0.0, now) == datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert last_turn(6 * HOUR, 0.25, now) == datetime(2026, 11, 20, 4, 30, tzinfo=UTC)
    assert next_turn(6 * HOUR, 0.25, now) == datetime(2026, 11, 20, 10, 30, tzinfo=UTC)


@given(every=turn_lengths, place=places, now=turn_moments)
def test_now_is_between_the_last_turn_and_the_next(every: timedelta, place: float, now: datetime) -> None:
    last = last_turn(every, place, now)
    assert last <= now < next_turn(every, place, now)
    assert last_turn(every, place, last) == last, "a turn is its own"


@given(every=turn_lengths, place=places, now=turn_moments, later=st.timedeltas(timedelta(0), timedelta(days=800)))
def test_turns_come_in_their_order_and_none_is_left_out(
    every: timedelta, place: float, now: datetime, later: timedelta
) -> None:
    first, last = last_turn(every, place, now), last_turn(every, place, now + later)
    assert (last - first) % every == timedelta(0)
    assert timedelta(0) <= last - first <= later + every
