"""What is news to the operator: each problem once when it begins, and once when it is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigreed.model.coverage import Coverage
from pedigreed.model.instrument import Instrument
from pedigreed.model.pause import Pause, Paused
from pedigreed.model.problem import KnownProblem, Problem, ProblemKind
from pedigreed.model.work import BROKEN_OFF, Run, Work
from pedigreed.service.problems import (
    FAILED_CYCLES,
    LASTS,
    LITTLE_ROOM,
    of_pauses,
    of_room,
    of_sources,
    of_work,
    weigh,
)

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY = timedelta(days=1)
BROKEN = Problem(ProblemKind.CHANNEL, "team", "404 no_service", NOON, NOON)


def asked(program: int, at: datetime, problem: str | None, complete: datetime | None = None) -> Coverage:
    return Coverage(Instrument.NIRCAM, program, NOON, at, complete, complete, problem)


def told(days: list[list[Problem]], *, has_operator: bool = True) -> list[tuple[list[str], list[str]]]:
    """What is told on each day: the names of what began, and of what is over."""
    known: tuple[KnownProblem, ...] = ()
    said = []
    for number, current in enumerate(days):
        news = weigh(known, current, NOON + number * DAY, has_operator=has_operator)
        known = news.known
        said.append(([each.name for each in news.begun], [each.name for each in news.over]))
    return said


def test_a_problem_is_told_when_it_begins_and_when_it_is_over_and_not_between() -> None:
    assert told([[], [BROKEN], [BROKEN], [BROKEN], [], [], [BROKEN]]) == [
        ([], []),
        (["team"], []),
        ([], []),
        ([], []),
        ([], ["team"]),
        ([], []),
        (["team"], []),
    ]


def test_without_an_operator_nothing_is_told_and_who_comes_later_is_told_what_holds() -> None:
    first = weigh((), [BROKEN], NOON, has_operator=False)
    assert (first.begun, first.over) == ((), ())
    later = weigh(first.known, [BROKEN], NOON + DAY, has_operator=True)
    assert [each.name for each in later.begun] == ["team"]
    assert told([[BROKEN], []], has_operator=False)[1] == ([], [])


def test_a_source_is_a_problem_after_three_failed_cycles() -> None:
    def failing(number: int) -> list[Problem]:
        return list(of_sources([asked(1180, NOON + number * DAY, "HTTP 504")], DAY))

    days = [failing(number) for number in range(FAILED_CYCLES + 1)]
    assert told([*days, []]) == [
        *[([], [])] * (FAILED_CYCLES - 1),
        (["MAST NIRCam"], []),
        ([], []),
        ([], ["MAST NIRCam"]),
    ]


def test_looking_again_without_asking_again_is_no_other_failure() -> None:
    once = list(of_sources([asked(1180, NOON, "HTTP 504")], DAY))
    assert told([once] * 10) == [([], [])] * 10


def test_a_source_that_recovers_in_time_is_never_told_of() -> None:
    failing = [list(of_sources([asked(1180, NOON + day * DAY, "HTTP 504")], DAY)) for day in range(2)]
    assert told([*failing, [], failing[0], []]) == [([], [])] * 5


def test_one_failing_program_is_enough_and_an_instrument_is_one_problem() -> None:
    (problem,) = of_sources(
        [asked(1180, NOON, None, NOON), asked(1181, NOON, "HTTP 504", NOON - 2 * DAY), asked(1182, NOON, "late")],
        DAY,
    )
    assert (problem.name, problem.reason, problem.seen_at) == ("MAST NIRCam", "HTTP 504", NOON)
    assert problem.since == NOON - DAY, "the last complete answer was due to be followed by another then"


@pytest.mark.parametrize(("needs_mending", "after"), [(True, timedelta(0)), (False, LASTS)])
def test_a_channel_that_may_recover_by_itself_is_told_when_it_lasts(
    after: timedelta, *, needs_mending: bool
) -> None:
    pause = Pause(Paused.CHANNEL, "email", NOON, NOON + DAY, 1, "no session", needs_mending)
    known: tuple[KnownProblem, ...] = ()
    first = None
    for minutes in range(0, 120, 5):
        now = NOON + timedelta(minutes=minutes)
        news = weigh(known, of_pauses([pause], now), now, has_operator=True)
        known = news.known
        if news.begun and first is None:
            first = now - NOON
    assert first == after


def test_a_problem_that_grows_worse_is_told_then() -> None:
    pause = Pause(Paused.CHANNEL, "email", NOON, NOON + DAY, 1, "no session", needs_mending=False)
    worse = Pause(Paused.CHANNEL, "email", NOON, NOON + DAY, 2, "535 bad login")
    known = weigh((), of_pauses([pause], NOON), NOON, has_operator=True).known
    news = weigh(known, of_pauses([worse], NOON), NOON, has_operator=True)
    assert [each.reason for each in news.begun] == ["535 bad login"]


def test_a_disk_at_its_limit_does_not_send_a_word_each_time() -> None:
    free = [LITTLE_ROOM + 1, LITTLE_ROOM - 1, LITTLE_ROOM + 1, LITTLE_ROOM - 1, 2 * LITTLE_ROOM]
    days, was_little = [], False
    for room in free:
        current = list(of_room(room, NOON, was_little=was_little))
        was_little = bool(current)
        days.append(current)
    assert told(days) == [([], []), (["store"], []), ([], []), ([], []), ([], ["store"])]
    assert list(of_room(None, NOON, was_little=True)) == []


PROBLEMS = st.builds(
    Problem,
    kind=st.sampled_from(ProblemKind),
    name=st.sampled_from("ab"),
    reason=st.just("why"),
    since=st.just(NOON),
    seen_at=st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  # the zone is `timezones`
    waits=st.booleans(),
)


@given(st.lists(st.lists(PROBLEMS, max_size=4, unique_by=lambda each: (each.kind, each.name)), max_size=12))
def test_whatever_comes_a_beginning_and_an_end_take_turns(days: list[list[Problem]]) -> None:
    known: tuple[KnownProblem, ...] = ()
    is_told: set[tuple[ProblemKind, str]] = set()
    for number, current in enumerate(days):
        news = weigh(known, current, NOON + number * DAY, has_operator=True)
        known = news.known
        begun = {(each.kind, each.name) for each in news.begun}
        over = {(each.kind, each.name) for each in news.over}
        assert not begun & is_told
        assert over <= is_told
        is_told = (is_told | begun) - over
        assert is_told <= {(each.kind, each.name) for each in current}
        assert {(each.problem.kind, each.problem.name) for each in known} == {
            (each.kind, each.name) for each in current
        }


def runs(*ends: str | None, going_on: bool = False) -> list[Run]:
    """Askings, the newest first: their problems; the newest may be at work still."""
    return [
        Run(9 - number, Work.ASK, NOON, None if going_on and number == 0 else NOON, problem=problem)
        for number, problem in enumerate(ends)
    ]


DIED = f"{BROKEN_OFF}it was ended by SIGKILL"


@pytest.mark.parametrize(
    ("of_kind", "is_problem"),
    [
        (runs(DIED, DIED), False),
        (runs(DIED, DIED, DIED), True),
        (runs(None, DIED, DIED, DIED), False),
        (runs("NIRCam: HTTP 504", DIED, DIED, DIED), False),
        (runs(DIED, DIED, None, DIED), False),
        (runs(None, DIED, DIED, DIED, going_on=True), True),
        (runs(None, DIED, DIED, going_on=True), False),
    ],
)
def test_work_is_a_problem_when_it_did_not_come_to_its_end_three_times_in_a_row(
    of_kind: list[Run], *, is_problem: bool
) -> None:
    found = list(of_work({Work.ASK: of_kind}, NOON))
    assert [(each.kind, each.name) for each in found] == [(ProblemKind.WORK, "asking MAST")] * is_problem
    assert len(list(of_work({Work.ASK: of_kind}, NOON + DAY))) == (is_problem or of_kind[0].ended_at is None)
