"""The plot: its figures and places."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigreed.web.cal_ver_history import MOST, Day, bands_of
from pedigreed.web.plot import NARROW, WIDE, Plot, plot_of

FIRST = date(2026, 11, 20)


def days(*products: dict[str | None, int], every: int = 1) -> list[Day]:
    return [Day(FIRST + timedelta(days=every * number), found) for number, found in enumerate(products)]


def outline(plot: Plot, number: int) -> list[tuple[float, float]]:
    points = re.findall(r"([0-9.]+) ([0-9.]+)", plot.areas[number].path)
    return [(float(x), float(y)) for x, y in points]


def test_bands_go_from_the_newest_version_to_the_uncalibrated() -> None:
    bands = bands_of(days({"1.9.6": 1, None: 4}, {"1.13.3": 1, "devel": 1, "2.0.1rc1": 1, "2.0.1": 1}))
    assert [(band.name, band.style) for band in bands] == [
        ("2.0.1", "1"),
        ("2.0.1rc1", "2"),
        ("1.13.3", "3"),
        ("1.9.6", "5"),
        ("devel", "6"),
        ("uncalibrated", "none"),
    ]
    assert bands[0].build == "B12.3.1"


def test_the_oldest_of_many_versions_share_a_band() -> None:
    (all_of_them,) = days({f"1.{number}.0": number for number in range(1, 13)})
    bands = bands_of([all_of_them])
    assert len(bands) == MOST
    assert (bands[0].name, bands[-1].name, bands[-1].style) == ("1.12.0", "7 older versions", "6")
    assert sum(band.of(all_of_them.products) for band in bands) == all_of_them.total


def test_areas_stand_on_each_other_in_steps() -> None:
    told = days({"1.0": 100}, {"1.0": 60, "2.0": 40}, every=3)
    plot = plot_of(told, bands_of(told), WIDE)
    assert [tick.text for tick in plot.heights] == ["0", "50", "100"]
    newest, oldest = outline(plot, 0), outline(plot, 1)
    left, right, top, bottom = 52.0, 796.0, 12.0, 292.0
    turn = left + (right - left) * 3 / 4
    assert oldest[:4] == [(left, top), (turn, top), (turn, top), (right, top)]
    assert newest[:4] == [(left, bottom), (turn, bottom), (turn, 180.0), (right, 180.0)]
    assert oldest[4:] == list(reversed(newest[:4])), "its floor is the roof of what it stands on"
    assert [span.words for span in plot.spans] == ["20 Nov 2026: 100 of 1.0", "23 Nov 2026: 40 of 2.0, 60 of 1.0"]
    assert [area.name_at for area in plot.areas] == [236.0, pytest.approx(96.0)]


def test_a_single_day_is_one_wide_column() -> None:
    told = days({"1.0": 3, None: 1})
    plot = plot_of(told, bands_of(told), NARROW)
    assert [tick.text for tick in plot.dates] == ["20 Nov 26"]
    assert [(span.left, span.width, span.words) for span in plot.spans] == [
        (40.0, 292.0, "20 Nov 2026: 3 of 1.0, 1 uncalibrated")
    ]


def test_a_program_that_lost_all_its_products_is_drawn_too() -> None:
    told = days({"1.0": 3}, {})
    assert plot_of(told, bands_of(told), WIDE).spans[-1].words == "21 Nov 2026: no products"


@given(
    st.lists(
        st.dictionaries(st.sampled_from(["1.0", "1.1", "2.0", None]), st.integers(1, 10**6), max_size=4),
        min_size=1,
    ).filter(any),
    st.integers(1, 900),
)
def test_everything_stays_within_the_frame(products: list[dict[str | None, int]], every: int) -> None:
    told = days(*products, every=every)
    for frame in (WIDE, NARROW):
        plot = plot_of(told, bands_of(told), frame)
        for number in range(len(plot.areas)):
            for x, y in outline(plot, number):
                assert frame.left <= x <= frame.width - frame.right
                assert frame.top - 0.1 <= y <= frame.height - frame.bottom + 0.1
        assert 2 <= len(plot.heights) <= 6
        assert 1 <= len(plot.dates) <= frame.dates + 1
        assert all(frame.left <= tick.at <= frame.width - frame.right for tick in plot.dates)


@pytest.mark.parametrize(("most", "written"), [(1, "0 1"), (7, "0 2 4 6 8"), (268, "0 100 200 300")])
def test_heights_are_round(most: int, written: str) -> None:
    told = days({"1.0": most})
    assert " ".join(tick.text for tick in plot_of(told, bands_of(told), WIDE).heights) == written
