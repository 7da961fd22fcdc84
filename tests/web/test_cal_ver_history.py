"""How many products had which CAL_VER on each day: what is worked out backwards is what there was."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from pedigreed.model.change import CalVerMove, ChangeKind
from pedigreed.model.instrument import Instrument
from pedigreed.store import cal_vers
from pedigreed.web.cal_ver_history import Day, days_of
from pedigreed.web.pages import program_page
from watcher import DAY_0

if TYPE_CHECKING:
    from watcher import Watcher

NIRCAM, MIRI = Instrument.NIRCAM, Instrument.MIRI
FIRST = date(2026, 11, 20)
DAY = timedelta(days=1)


def move(day: int, before: str | None, after: str | None, products: int, of: Instrument = NIRCAM) -> CalVerMove:
    """Products that came, went or were reprocessed."""
    return CalVerMove(
        FIRST + day * DAY,
        of,
        ChangeKind.REPROCESSED,
        before is not None,
        before,
        after is not None,
        after,
        products,
    )


def test_each_day_is_the_one_before_with_its_own_changes() -> None:
    moves = [move(1, "1.0", "2.0", 3), move(1, None, "2.0", 2), move(4, "1.0", "2.0", 7), move(5, "2.0", None, 1)]
    assert days_of({NIRCAM: FIRST}, {NIRCAM: {"2.0": 11}}, moves, FIRST + 9 * DAY) == [
        Day(FIRST, {"1.0": 10}),
        Day(FIRST + 1 * DAY, {"1.0": 7, "2.0": 5}),
        Day(FIRST + 4 * DAY, {"2.0": 12}),
        Day(FIRST + 5 * DAY, {"2.0": 11}),
        Day(FIRST + 9 * DAY, {"2.0": 11}),
    ]


def test_an_instrument_counts_from_its_own_first_sight_on() -> None:
    since = {NIRCAM: FIRST, MIRI: FIRST + 2 * DAY}
    now: dict[Instrument, cal_vers.CalVers] = {NIRCAM: {"1.0": 4}, MIRI: {"1.0": 5, None: 1}}
    assert days_of(since, now, [], FIRST + 2 * DAY) == [
        Day(FIRST, {"1.0": 4}),
        Day(FIRST + 2 * DAY, {"1.0": 9, None: 1}),
    ]


def test_a_program_that_is_watched_since_today_has_one_day() -> None:
    assert days_of({NIRCAM: FIRST}, {NIRCAM: {"1.0": 4}}, [], FIRST) == [Day(FIRST, {"1.0": 4})]
    assert days_of({}, {}, [], FIRST) == [Day(FIRST, {})]


def test_what_is_worked_out_of_the_store_is_what_was_there(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 9)
    watcher.holdings.add(1180, 2, Instrument.MIRI, cal_ver="1.19.1")
    config = watcher.configured({"programs": [1180], "instruments": ["nircam", "miri"]})
    seen: dict[date, cal_vers.CalVers] = {}
    for number in range(6):
        now = DAY_0 + number * DAY
        if number == 1:
            watcher.holdings.remake(names[:4], now - timedelta(hours=1))
        if number == 2:
            watcher.holdings.rows.pop(names[8])
            watcher.holdings.set(names[4:6], isStale=True)
        if number == 3:
            watcher.holdings.remake(names[2:7], now - timedelta(hours=1), "3.0.0", 1600)
        config = watcher.configured({"programs": [1180], "instruments": ["nircam", "miri"]}, sweep="1h")
        watcher.cycle(now, config)
        with watcher.store.reading() as connection:
            seen[now.date()] = cal_vers.by_program(connection, [1180])[1180]
    with watcher.store.reading() as connection:
        page = program_page(connection, config, 1180, now)
    assert page is not None
    assert len(page.days) >= 4
    assert {day.day: day.products for day in page.days} == {day.day: seen[day.day] for day in page.days}
    assert [band.name for band in page.bands] == ["3.0.0", "2.0.1", "1.20.2", "1.19.1"]
    assert page.watchers == ("a",)


def test_a_program_that_nobody_watches_has_no_page(watcher: Watcher) -> None:
    with watcher.store.reading() as connection:
        assert program_page(connection, watcher.config, 4321, DAY_0) is None
        page = program_page(connection, watcher.config, 1180, DAY_0)
    assert page is not None
    assert page.plots == ()
