"""The days without a complete answer: as they are kept, and as they are told."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from faults import ServerError
from pedigreed.model.coverage import Coverage, Gap, gap_between
from pedigreed.model.instrument import Instrument
from pedigreed.store import coverage
from pedigreed.web.cal_ver_history import Day, bands_of
from pedigreed.web.pages import program_page
from pedigreed.web.plot import WIDE, Mark, days_in_words, plot_of
from pedigreed.web.unseen_days import Unseen, unseen_days
from watcher import DAY_0

if TYPE_CHECKING:
    from watcher import Watcher

NIRCAM, MIRI = Instrument.NIRCAM, Instrument.MIRI
DAY = timedelta(days=1)
FIRST = date(2026, 11, 20)


def at(day: int, hour: int = 6) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def answered(day: int | None, hour: int = 6) -> Coverage:
    return Coverage(NIRCAM, 1180, complete_at=None if day is None else at(day, hour))


def test_only_a_whole_day_without_an_answer_is_a_gap() -> None:
    assert gap_between(answered(None), answered(9)) is None
    assert gap_between(answered(3), answered(3, 9)) is None
    assert gap_between(answered(3, 0), answered(4, 23)) is None
    assert gap_between(answered(9), answered(3)) is None, "the clock was set back"
    assert gap_between(answered(3, 23), answered(5, 0)) == Gap(NIRCAM, 1180, at(3, 23), at(5, 0))


def test_days_are_told_with_the_instruments_that_did_not_answer() -> None:
    gaps = [Gap(NIRCAM, 1180, at(3), at(7)), Gap(MIRI, 1180, at(5), at(9)), Gap(MIRI, 1180, at(12), at(14))]
    assert unseen_days(gaps, {NIRCAM: at(14), MIRI: at(13)}, date(2026, 11, 16)) == (
        Unseen(date(2026, 11, 4), date(2026, 11, 5), (NIRCAM,)),
        Unseen(date(2026, 11, 6), date(2026, 11, 6), (MIRI, NIRCAM)),
        Unseen(date(2026, 11, 7), date(2026, 11, 8), (MIRI,)),
        Unseen(date(2026, 11, 13), date(2026, 11, 14), (MIRI,)),
        Unseen(date(2026, 11, 15), date(2026, 11, 15), (MIRI, NIRCAM)),
    )


def test_today_is_not_over() -> None:
    assert unseen_days([], {NIRCAM: at(20)}, date(2026, 11, 21)) == ()


def test_days_are_written_as_people_do() -> None:
    assert days_in_words(FIRST, FIRST) == "20 Nov 2026"
    assert days_in_words(FIRST, FIRST + 3 * DAY) == "20 to 23 Nov 2026"
    assert days_in_words(FIRST, FIRST + 30 * DAY) == "20 Nov to 20 Dec 2026"
    assert days_in_words(FIRST, FIRST + 60 * DAY) == "20 Nov 2026 to 19 Jan 2027"


def test_a_mark_is_as_wide_as_its_days_and_begins_with_the_plot() -> None:
    days = [Day(FIRST, {"1.0": 1}), Day(FIRST + 9 * DAY, {"1.0": 1})]
    unseen = [
        Unseen(FIRST - 5 * DAY, FIRST - 1 * DAY, (MIRI,)),
        Unseen(FIRST - 1 * DAY, FIRST, (MIRI,)),
        Unseen(FIRST + 5 * DAY, FIRST + 9 * DAY, (MIRI,)),
    ]
    day = (WIDE.width - WIDE.left - WIDE.right) / 10
    assert plot_of(days, bands_of(days), WIDE, unseen).marks == (
        Mark(WIDE.left, day),
        Mark(WIDE.left + 5 * day, 5 * day),
    )


def test_what_was_not_looked_at_is_kept_with_the_next_complete_answer(watcher: Watcher) -> None:
    watcher.holdings.add(1180, 3)
    for number in (0, 1, 4, 5):
        watcher.cycle(DAY_0 + number * DAY)
    watcher.recorded.misbehave(ServerError(), times=None)
    watcher.cycle(DAY_0 + 6 * DAY)
    with watcher.store.reading() as connection:
        gaps = coverage.load_gaps(connection, 1180)
        page = program_page(connection, watcher.config, 1180, DAY_0 + 8 * DAY)
    assert gaps == [Gap(NIRCAM, 1180, DAY_0 + DAY, DAY_0 + 4 * DAY)]
    assert page is not None
    assert page.unseen == (
        Unseen(date(2026, 11, 22), date(2026, 11, 23), (NIRCAM,)),
        Unseen(date(2026, 11, 26), date(2026, 11, 27), (NIRCAM,)),
    )
