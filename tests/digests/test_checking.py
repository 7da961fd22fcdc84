"""A digest calls checked what has a complete answer that was recorded in its period, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pedigreed.digests.checking import (
    LATE_ANSWER,
    LATE_READING,
    CheckedSpan,
    checked,
    is_baselined,
    sources_checked,
)
from pedigreed.digests.facts import NewsSource
from pedigreed.model.coverage import Coverage
from pedigreed.model.digest import Checked, StoodIn, Unchecked
from pedigreed.model.instrument import Instrument
from pedigreed.model.news_source import SourceState
from pedigreed.model.work import BROKEN_OFF, Run, Work

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NIRCAM, MIRI, FGS = Instrument.NIRCAM, Instrument.MIRI, Instrument.FGS


def state(
    program: int = 1180,
    instrument: Instrument = NIRCAM,
    *,
    complete: timedelta | None = timedelta(0),
    problem: str | None = None,
) -> Coverage:
    """A program that had its last complete answer so long ago, and whose last answer had this problem."""
    complete_at = None if complete is None else NOW - complete
    asked_at = NOW if problem else complete_at
    return Coverage(instrument, program, complete_at, asked_at, complete_at, complete_at, problem)


def of(
    *states: Coverage,
    programs: frozenset[int] = frozenset({1180}),
    instruments: tuple[Instrument, ...] = (NIRCAM,),
    with_data: frozenset[int] | None = None,
    period: timedelta | None = DAY,
    every: timedelta = DAY,
    runs: tuple[Run, ...] = (),
) -> Checked:
    return checked(
        programs,
        instruments,
        {(each.instrument, each.program): each for each in states},
        with_data=programs if with_data is None else with_data,
        span=CheckedSpan(None if period is None else NOW - period, NOW, DAY if period is None else period),
        every=every,
        runs=runs,
    )


def test_a_program_whose_every_instrument_answered_is_checked() -> None:
    assert of(state(), state(instrument=MIRI, complete=HOUR), instruments=(NIRCAM, MIRI)) == Checked(
        programs=1, of=1, last_complete=NOW - HOUR, swept_since=NOW - HOUR, flags_since=NOW - HOUR
    )


def by_set(at: datetime = NOW, unknown: int = 2) -> Coverage:
    """MIRI's service did not answer for three days, and the search of file sets stood in."""
    gone = state(instrument=MIRI, complete=3 * DAY, problem="HTTP 404")
    return replace(gone, stood_in_at=at, unknown_sets=unknown)


def test_a_program_that_the_search_of_file_sets_stood_in_for_is_checked_by_it() -> None:
    found = of(state(), by_set(), instruments=(NIRCAM, MIRI))
    assert (found.programs, found.unchecked, found.last_complete) == (1, (), NOW)
    assert found.stood_in == (StoodIn(MIRI, (1180,), "HTTP 404", NOW, 2),)
    assert found.swept_since == NOW - 3 * DAY


@pytest.mark.parametrize("at", [NOW - 2 * DAY, NOW - 4 * DAY])
def test_what_stood_in_before_the_period_checks_nothing_of_it(at: datetime) -> None:
    found = of(state(), by_set(at), instruments=(NIRCAM, MIRI))
    assert (found.programs, found.stood_in) == (0, ())


def test_an_asking_that_died_after_the_search_stood_in_leaves_the_program_unchecked() -> None:
    died = Run(1, Work.ASK, NOW + HOUR / 2)
    found = of(state(), by_set(), instruments=(NIRCAM, MIRI), runs=(died,))
    assert (found.programs, found.stood_in) == (0, ())


def test_one_instrument_that_did_not_answer_leaves_the_program_unchecked() -> None:
    failed = state(instrument=MIRI, complete=3 * DAY, problem="HTTP 504")
    assert of(state(), failed, instruments=(NIRCAM, MIRI)) == Checked(
        programs=0,
        of=1,
        unchecked=(Unchecked(1180, "MIRI: HTTP 504", NOW - 3 * DAY),),
        last_complete=NOW,
        swept_since=NOW - 3 * DAY,
        flags_since=NOW - 3 * DAY,
    )


def test_a_program_that_was_never_asked_says_so() -> None:
    assert of().unchecked == (Unchecked(1180, "NIRCam: not asked yet", None),)


def test_a_program_that_was_not_asked_for_long_says_so() -> None:
    assert of(state(complete=5 * DAY)).unchecked == (Unchecked(1180, "NIRCam: not asked lately", NOW - 5 * DAY),)


def test_every_reason_is_told_once_with_its_instruments() -> None:
    states = [
        state(complete=None, problem="HTTP 504"),
        state(instrument=MIRI, complete=None, problem="HTTP 504"),
        state(instrument=FGS, complete=2 * DAY, problem="10 rows came, and the service counts 12"),
    ]
    (unchecked,) = of(*states, instruments=(NIRCAM, MIRI, FGS)).unchecked
    assert unchecked.reason == "NIRCam and MIRI: HTTP 504; FGS: 10 rows came, and the service counts 12"
    assert unchecked.last_complete is None


def test_the_last_complete_answer_of_an_unchecked_program_is_that_of_the_slowest_instrument() -> None:
    states = [state(complete=2 * DAY), state(instrument=MIRI, complete=4 * DAY)]
    (unchecked,) = of(*states, instruments=(NIRCAM, MIRI)).unchecked
    assert unchecked.last_complete == NOW - 4 * DAY


def test_a_program_without_products_is_unknown_once_it_was_checked() -> None:
    known = of(state(1180), state(1181), programs=frozenset({1180, 1181, 1182}), with_data=frozenset({1180}))
    assert known.unknown == (1181,)
    assert [unchecked.program for unchecked in known.unchecked] == [1182]
    assert (known.programs, known.of) == (2, 3)


SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("period", "every", "complete", "is_checked"),
    [
        # Within the period, and not at its begin: that answer told the period before.
        (DAY, DAY, DAY - SECOND, True),
        (DAY, DAY, DAY, False),
        (DAY, HOUR, 2 * HOUR, True),
        (DAY, HOUR, HOUR + LATE_ANSWER, False),
        # A long period is not checked on the word of its first day.
        (7 * DAY, DAY, DAY + LATE_ANSWER - SECOND, True),
        (7 * DAY, DAY, DAY + LATE_ANSWER, False),
        # Who is told more often than is asked goes by the last asking that was planned.
        (6 * HOUR, DAY, DAY - SECOND, True),
        (6 * HOUR, DAY, DAY, False),
        # The first digest, and `status`: as recent as the asking goes.
        (None, DAY, DAY + HOUR, True),
        (None, DAY, DAY + LATE_ANSWER, False),
        (None, 3 * DAY, 3 * DAY, True),
    ],
)
def test_a_program_is_checked_by_a_complete_answer_within_the_period(
    period: timedelta | None, every: timedelta, complete: timedelta, *, is_checked: bool
) -> None:
    assert of(state(complete=complete), every=every, period=period).programs == int(is_checked)


def run(began: timedelta, problem: str | None = None, *, is_over: bool = True, work: Work = Work.ASK) -> Run:
    return Run(1, work, NOW - began, NOW - began if is_over else None, problem=problem)


def test_an_asking_that_died_leaves_what_it_did_not_answer_unchecked_and_says_why() -> None:
    killed = run(2 * HOUR, f"{BROKEN_OFF}it was ended by SIGKILL")
    found = of(
        state(1180, complete=2 * HOUR),
        state(1181, complete=3 * HOUR),
        programs=frozenset({1180, 1181}),
        runs=(killed,),
    )
    assert found.unchecked == (
        Unchecked(
            1181,
            "NIRCam: the asking of 22 Nov 04:00Z did not come to its end: it was ended by SIGKILL",
            NOW - 3 * HOUR,
        ),
    )
    assert found.last_complete == NOW - 2 * HOUR


def test_an_asking_without_any_end_is_none() -> None:
    (unchecked,) = of(state(complete=3 * HOUR), runs=(run(HOUR, is_over=False),)).unchecked
    assert unchecked.reason == "NIRCam: the asking of 22 Nov 05:00Z did not come to its end: no end of it is known"


def test_an_asking_that_was_answered_again_since_is_checked() -> None:
    killed = run(2 * HOUR, f"{BROKEN_OFF}KeyError")
    assert of(state(complete=HOUR), runs=(run(HOUR), killed)).programs == 1
    assert of(state(complete=3 * HOUR), runs=(run(HOUR), killed)).programs == 0, "the one after was for others"


def test_an_asking_that_came_to_its_end_with_problems_leaves_the_others_checked() -> None:
    assert of(state(complete=3 * HOUR), runs=(run(HOUR, "MIRI: HTTP 504"),)).programs == 1


def test_a_run_of_a_clock_that_was_ahead_says_nothing() -> None:
    assert of(state(), runs=(run(-2 * DAY, is_over=False),)).programs == 1


@pytest.mark.parametrize(
    ("complete", "reason"),
    [
        (6 * HOUR, None),
        (6 * HOUR + LATE_READING, "the reading of 22 Nov 05:00Z did not come to its end: it was ended by SIGKILL"),
    ],
)
def test_a_source_is_checked_by_a_reading_as_young_as_its_rhythm(complete: timedelta, reason: str | None) -> None:
    source = NewsSource("CRDS", 6 * HOUR, SourceState("CRDS", NOW - complete, NOW - complete))
    killed = run(HOUR, f"{BROKEN_OFF}it was ended by SIGKILL", work=Work.LISTEN)
    (found,) = sources_checked([source], CheckedSpan(NOW - DAY, NOW, DAY), [killed])
    assert (found.is_checked, found.reason) == (reason is None, reason)


def test_a_source_that_was_never_read_or_not_lately_says_so() -> None:
    never = NewsSource("CRDS", 6 * HOUR, None)
    old = NewsSource("MIRI", 6 * HOUR, SourceState("MIRI", NOW - 2 * DAY, NOW - 2 * DAY))
    failed = NewsSource("FGS", 6 * HOUR, SourceState("FGS", NOW, NOW - 2 * DAY, 1, "HTTP 503"))
    found = sources_checked([never, old, failed], CheckedSpan(NOW - DAY, NOW, DAY), [])
    assert [each.reason for each in found] == ["not read yet", "not read lately", "HTTP 503"]


def test_a_week_is_not_checked_on_the_word_of_its_first_day() -> None:
    assert of(state(complete=6 * DAY, problem="HTTP 504"), period=7 * DAY).programs == 0
    assert of(state(complete=6 * DAY), period=7 * DAY).programs == 0


def test_a_period_whose_only_answer_failed_is_not_checked() -> None:
    """The answer before it stands at the period's very begin: it told the period before."""
    assert of(state(complete=DAY, problem="HTTP 504")).unchecked == (
        Unchecked(1180, "NIRCam: HTTP 504", NOW - DAY),
    )


def test_a_period_that_had_an_answer_is_checked_though_the_last_one_failed() -> None:
    assert of(state(complete=6 * HOUR, problem="HTTP 504"), every=6 * HOUR).programs == 1


def test_days_that_nobody_asked_are_not_checked_when_the_archive_fails_on_the_return() -> None:
    assert of(state(complete=5 * DAY, problem="HTTP 504"), period=5 * DAY).programs == 0


def test_notes_are_passed_on() -> None:
    found = checked(
        frozenset(),
        (NIRCAM,),
        {},
        span=CheckedSpan(None, NOW, DAY),
        every=DAY,
        runs=(),
        with_data=frozenset(),
        notes=("a note",),
    )
    assert found == Checked(programs=0, of=0, notes=("a note",))


def test_a_baseline_wants_an_answer_of_every_instrument() -> None:
    states = {(NIRCAM, 1180): state(), (MIRI, 1180): state(instrument=MIRI, complete=None, problem="HTTP 504")}
    assert is_baselined(1180, [NIRCAM], states)
    assert not is_baselined(1180, [NIRCAM, MIRI], states)
    assert not is_baselined(1180, [NIRCAM, FGS], states)
