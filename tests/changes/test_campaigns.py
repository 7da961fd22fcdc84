from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigreed.changes.campaigns import PAUSE, newest_stretch
from pedigreed.model.campaign import Moved, Stretch
from pedigreed.model.instrument import Instrument

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)


def moves(*days: float, length: float = 0.0) -> list[Moved]:
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
