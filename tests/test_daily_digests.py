"""Two years beside a clock that changes in spring and autumn, sleeps, and is set: each date is told once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from examples import examples
from pedigreed.schedule import DAY, Rhythm, due, due_periods, last_boundary, next_boundary
from pedigreed.service.subscriptions import CLOCK_AHEAD

ZONES = (
    "UTC",
    "Europe/Madrid",
    "America/New_York",
    "America/Santiago",  # changes at local midnight
    "America/Havana",  # midnight comes twice, or not at all
    "America/Nuuk",  # autumn goes back over midnight
    "Africa/Casablanca",  # four changes in some years
    "Australia/Lord_Howe",  # half an hour
    "Antarctica/Troll",  # two hours
    "Pacific/Kiritimati",
)
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
END = datetime(2028, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
TICK = timedelta(seconds=60)

moments = st.integers(0, (END - BEGIN) // TICK).map(lambda minutes: BEGIN + minutes * TICK)
rhythms = st.builds(
    Rhythm,
    st.just(DAY),
    st.builds(time, st.integers(0, 23), st.integers(0, 59)),
    st.sampled_from(ZONES).map(ZoneInfo),
)
lengths = st.timedeltas(HOUR, timedelta(days=9))
sleeps = st.lists(st.tuples(moments, lengths), max_size=6)
steps_back = st.lists(st.tuples(moments, st.timedeltas(timedelta(seconds=1), HOUR)), max_size=6)


@dataclass
class Ledger:
    """The closed periods, as the store has them: a label is there once."""

    labels: set[str] = field(default_factory=set)
    ends: list[datetime] = field(default_factory=list)

    def last_end(self, now: datetime) -> datetime | None:
        return next((end for end in reversed(self.ends) if end <= now + CLOCK_AHEAD), None)

    def claim(self, label: str, now: datetime) -> bool:
        if label in self.labels:
            return False
        self.labels.add(label)
        self.ends.append(now)
        return True


@dataclass(frozen=True)
class Machine:
    """A machine's clock: asleep for a while now and then, and set back now and then, to be right in the end."""

    phase: timedelta
    sleeps: list[tuple[datetime, timedelta]]
    steps_back: list[tuple[datetime, timedelta]]

    def shown(self, real: datetime) -> datetime:
        """What the clock shows. It was ahead by all the steps that are still to come."""
        return real + sum((step for at, step in self.steps_back if real < at), timedelta(0))

    def is_awake(self, real: datetime) -> bool:
        return not any(at <= real < at + length for at, length in self.sleeps)

    def ticks(self, rhythm: Rhythm) -> list[datetime]:
        """What the clock shows at each tick that could find something else than the one before it.

        Nothing changes but by a boundary that is passed, a sleep, or a step: the ticks on both sides of each.
        """
        turns = [at for at, _ in self.steps_back] + [BEGIN, END]
        turns += [moment for at, length in self.sleeps for moment in (at, at + length)]
        ahead = {self.shown(at) - at for at in turns}
        boundary = next_boundary(rhythm, BEGIN - DAY)
        while boundary.at <= END:
            turns += [boundary.at - each for each in ahead]
            boundary = next_boundary(rhythm, boundary.at)
        numbers = {(turn - BEGIN - self.phase) // TICK + side for turn in turns for side in (-1, 0, 1)}
        real = (BEGIN + self.phase + number * TICK for number in sorted(numbers))
        return [self.shown(each) for each in real if BEGIN <= each <= END and self.is_awake(each)]


machines = st.builds(Machine, st.timedeltas(timedelta(0), TICK), sleeps, steps_back)


def told(rhythm: Rhythm, ticks: list[datetime]) -> list[tuple[str, datetime]]:
    """The labels that are told, each with what the clock showed then."""
    ledger = Ledger()
    ledger.claim("before all", ticks[0])
    found = []
    for now in ticks:
        last_end = ledger.last_end(now)
        boundary = due(rhythm, last_end, now)
        assert due_periods({"a": rhythm}, {"a": last_end}, now) == (["a"] if boundary else [])
        if boundary is not None and ledger.claim(boundary.label, now):
            found.append((boundary.label, now))
    return found


@settings(max_examples=examples(20))
@given(rhythm=rhythms, phase=st.timedeltas(timedelta(0), TICK))
def test_each_local_date_is_told_once_within_a_tick_of_its_time(rhythm: Rhythm, phase: timedelta) -> None:
    found = told(rhythm, Machine(phase, [], []).ticks(rhythm))
    days = [date.fromisoformat(label) for label, _ in found]
    assert {later - earlier for earlier, later in pairwise(days)} == {DAY}
    assert len(days) >= 729
    for label, now in found:
        boundary = last_boundary(rhythm, now)
        assert boundary.label == label
        assert now - boundary.at <= TICK


@settings(max_examples=examples(30))
@given(rhythm=rhythms, machine=machines)
def test_through_sleeps_and_steps_back_each_date_that_is_seen_is_told_once_and_in_order(
    rhythm: Rhythm, machine: Machine
) -> None:
    ticks = machine.ticks(rhythm)
    found = told(rhythm, ticks)
    labels = [label for label, _ in found]
    assert labels == sorted(set(labels))
    first = last_boundary(rhythm, ticks[0]).label
    seen = {last_boundary(rhythm, now).label for now in ticks}
    assert set(labels) == {label for label in seen if label > first}


@settings(max_examples=examples(25))
@given(rhythm=rhythms, begin=moments.filter(lambda at: BEGIN + DAY < at < END - 10 * DAY), length=lengths)
def test_after_a_sleep_there_is_one_catch_up(rhythm: Rhythm, begin: datetime, length: timedelta) -> None:
    found = told(rhythm, Machine(timedelta(0), [(begin, length)], []).ticks(rhythm))
    woken = begin + length
    catch_ups = [label for label, now in found if woken <= now < next_boundary(rhythm, woken).at]
    missed = last_boundary(rhythm, woken)
    assert catch_ups == ([missed.label] if missed.at >= begin else [])
