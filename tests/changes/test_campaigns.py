from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigreed.changes.campaigns import PACE_OVER, PAUSE, newest_stretch, pace_of
from pedigreed.model.campaign import LONGEST_FORECAST, Moved, Pace, Stretch
from pedigreed.model.instrument import Instrument

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)


def moves(*days: float, length: float = 0.0, arrived: int = 0) -> list[Moved]:
    """Moves so many days before now, each of a length in days."""
    return [
        Moved(
            Instrument.NIRCAM,
            1180,
            7,
            "2b",
            "2.0.1",
            "jwst_1535.pmap",
            earliest=NOW - timedelta(days=each + length),
            latest=NOW - timedelta(days=each),
            arrived=arrived,
        )
        for each in days
    ]


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


@pytest.mark.parametrize(
    ("days", "began"),
    [((1,), 1), ((1, 2, 3), 3), ((3, 1, 2), 3), ((0, 3), 3), ((0, 3.01), 0), ((1, 2, 6, 7), 2)],
)
def test_a_campaign_began_after_the_last_pause(days: tuple[float, ...], began: float) -> None:
    assert newest_stretch(moves(*days)) == Stretch(ago(began), ago(min(days)))


def test_moves_that_one_answer_shows_are_without_pause() -> None:
    assert newest_stretch(moves(1, 8, length=5)) == Stretch(ago(13), ago(1))


def test_who_waits_longer_sees_no_pause_meanwhile() -> None:
    assert newest_stretch(moves(0, 5), pause=timedelta(days=7)).began == ago(5)


@given(st.lists(st.floats(0, 60), min_size=1, max_size=20), st.randoms())
def test_the_order_of_the_moves_does_not_matter(days: list[float], random: object) -> None:
    shuffled = list(days)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a Random
    stretch = newest_stretch(moves(*days))
    assert newest_stretch(moves(*shuffled)) == stretch
    inside = [each for each in days if ago(each) >= stretch.began]
    outside = [each for each in days if ago(each) < stretch.began]
    assert all(ago(each) < stretch.began - PAUSE for each in outside)
    assert ago(max(inside)) == stretch.began


@pytest.mark.parametrize(
    ("days", "pace"),
    [
        # As many days as a pace is taken of, and something on each of them.
        ((0.1, 1.1, 2.1, 3), Pace(30, PACE_OVER)),
        ((0.1, 1.1, 2.1, 2.9), None),
        ((0.1, 1.1, 3), None),
        ((1.1, 2.1, 3, 4), None),
        ((0.1, 3, 4), None),
        # What came before is no measure of now, and what is still to come by a wrong clock neither.
        ((-1, 0, 0.5, 1.5, 2.5, 3.5, 9), Pace(40, PACE_OVER)),
    ],
)
def test_a_pace_is_told_on_evidence_alone(days: tuple[float, ...], pace: Pace | None) -> None:
    assert pace_of(moves(*days, arrived=10), ago(max(days)), NOW) == pace


def test_what_was_made_anew_with_the_same_is_no_evidence() -> None:
    assert pace_of(moves(0, 1, 2, 3), ago(3), NOW) is None


@given(st.lists(st.tuples(st.floats(-2, 9), st.integers(0, 500)), max_size=12), st.integers(0, 100_000))
def test_a_forecast_follows_from_what_arrived(moved: list[tuple[float, int]], rest: int) -> None:
    every = [move for days, arrived in moved for move in moves(days, arrived=arrived)]
    began = min((move.earliest for move in every), default=NOW)
    pace = pace_of(every, began, NOW)
    within = [arrived for days, arrived in moved if 0 <= (NOW - ago(days)) / PACE_OVER < 1]
    if pace is None:
        return
    assert pace.arrived == sum(within) > 0
    takes = pace.forecast(rest)
    if takes is None:
        assert rest == 0 or PACE_OVER * rest / pace.arrived > LONGEST_FORECAST
    else:
        assert abs(takes / PACE_OVER * pace.arrived - rest) < 1e-3
