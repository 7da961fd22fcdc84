"""What the silence of a digest is worth."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pedigreed.digests.checked import checked, is_baselined
from pedigreed.model.coverage import Coverage
from pedigreed.model.digest import Checked, Unchecked
from pedigreed.model.instrument import Instrument

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
    period: timedelta = DAY,
    every: timedelta = DAY,
) -> Checked:
    return checked(
        programs,
        instruments,
        {(each.instrument, each.program): each for each in states},
        with_data=programs if with_data is None else with_data,
        every=every,
        starts=NOW - period,
        now=NOW,
    )


def test_a_program_whose_every_instrument_answered_is_checked() -> None:
    assert of(state(), state(instrument=MIRI, complete=HOUR), instruments=(NIRCAM, MIRI)) == Checked(
        programs=1, of=1, last_complete=NOW, swept_since=NOW - HOUR
    )


def test_one_instrument_that_did_not_answer_leaves_the_program_unchecked() -> None:
    failed = state(instrument=MIRI, complete=3 * DAY, problem="HTTP 504")
    assert of(state(), failed, instruments=(NIRCAM, MIRI)) == Checked(
        programs=0,
        of=1,
        unchecked=(Unchecked(1180, "MIRI: HTTP 504", NOW - 3 * DAY),),
        last_complete=NOW,
        swept_since=NOW - 3 * DAY,
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
    assert unchecked.reason == "NIRCam, MIRI: HTTP 504; FGS: 10 rows came, and the service counts 12"
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


@pytest.mark.parametrize(
    ("every", "complete", "is_checked"),
    [
        # A daily job that starts late has still done its work for the day.
        (DAY, 36 * HOUR, True),
        (DAY, 36 * HOUR + timedelta(seconds=1), False),
        (6 * HOUR, 18 * HOUR, True),
        (6 * HOUR, 19 * HOUR, False),
        (3 * DAY, 3 * DAY, True),
    ],
)
def test_an_answer_is_fresh_for_as_long_as_the_asking_goes(
    every: timedelta, complete: timedelta, is_checked: bool
) -> None:
    assert of(state(complete=complete), every=every).programs == int(is_checked)


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
        frozenset(), (NIRCAM,), {}, with_data=frozenset(), every=DAY, starts=NOW, now=NOW, notes=("a note",)
    )
    assert found == Checked(programs=0, of=0, notes=("a note",))


def test_a_baseline_wants_an_answer_of_every_instrument() -> None:
    states = {(NIRCAM, 1180): state(), (MIRI, 1180): state(instrument=MIRI, complete=None, problem="HTTP 504")}
    assert is_baselined(1180, [NIRCAM], states)
    assert not is_baselined(1180, [NIRCAM, MIRI], states)
    assert not is_baselined(1180, [NIRCAM, FGS], states)
