"""The plot of campaigns: its figures and places."""

from __future__ import annotations

import re
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from pedigreed.changes.almanac import entries_of
from pedigreed.model.almanac import AlmanacEntry, Arrival, Arrived
from pedigreed.model.instrument import Instrument
from pedigreed.web.campaign_plot import MOST_DAYS, CampaignPlot, campaign_plot
from pedigreed.web.plot import NARROW, WIDE

FIRST = date(2026, 11, 20)


def campaigns(*by_day: dict[int, int]) -> list[AlmanacEntry]:
    """One campaign each, of which so many products came so many days after it began; the newest first."""
    arrivals = {
        Arrival(
            Arrived.REMADE, Instrument.NIRCAM, f"{99 - number}.0.0", "jwst_1535.pmap", FIRST + timedelta(days=day)
        ): products
        for number, products_of in enumerate(by_day)
        for day, products in products_of.items()
    }
    return entries_of(arrivals, {}, {}, FIRST)


def points(plot: CampaignPlot, number: int) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"([0-9.]+) ([0-9.]+)", plot.lines[number].path)]


def test_a_line_rises_within_the_days_on_which_products_came() -> None:
    plot = campaign_plot(campaigns({0: 40, 3: 60}), WIDE)
    assert plot is not None
    left, right, top, bottom = 52.0, 796.0, 12.0, 292.0
    a_day = (right - left) / 4
    assert points(plot, 0) == [
        (left, bottom),
        (left, bottom),
        (left + a_day, 180.0),
        (left + 3 * a_day, 180.0),
        (right, top),
        (right, top),
    ]
    assert [tick.text for tick in plot.heights] == ["0", "50", "100"]
    assert [tick.text for tick in plot.days] == ["0", "day 1", "day 2", "day 3", "day 4"]


def test_a_short_campaign_goes_on_level_beside_a_long_one() -> None:
    plot = campaign_plot(campaigns({0: 50}, {0: 10, 9: 90}), WIDE)
    assert plot is not None
    assert points(plot, 0)[-1] == (796.0, 152.0)
    assert [line.style for line in plot.lines] == ["1", "6"]


def test_what_trickles_in_late_does_not_press_the_rest_together() -> None:
    plot = campaign_plot(campaigns({0: 50, 400: 50}), WIDE)
    assert plot is not None
    assert plot.days[-1].text == f"day {MOST_DAYS}"
    assert points(plot, 0)[-1][1] == 152.0


def test_without_a_campaign_there_is_nothing_to_draw() -> None:
    assert campaign_plot([], WIDE) is None


@given(
    st.lists(
        st.dictionaries(st.integers(0, 900), st.integers(1, 10**7), min_size=1, max_size=9), min_size=1, max_size=9
    )
)
def test_everything_stays_within_the_frame_and_no_line_falls(by_day: list[dict[int, int]]) -> None:
    for frame in (WIDE, NARROW):
        plot = campaign_plot(campaigns(*by_day), frame)
        assert plot is not None
        assert len(plot.lines) == min(len(by_day), 6)
        for number in range(len(plot.lines)):
            drawn = points(plot, number)
            assert drawn == sorted(drawn, key=lambda point: (point[0], -point[1]))
            assert all(frame.left <= x <= frame.width - frame.right for x, _ in drawn)
            assert all(frame.top - 0.1 <= y <= frame.height - frame.bottom + 0.1 for _, y in drawn)
        assert 2 <= len(plot.heights) <= 6
        assert 1 <= len(plot.days) <= frame.dates + 1
