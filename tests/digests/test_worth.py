"""Whether a digest is worth sending."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from pedigreed.config.settings import WhenEmpty
from pedigreed.digests.compose import is_worth_sending
from pedigreed.model.change import Change, ChangeKind
from pedigreed.model.digest import Baseline, Checked, Digest, Suspect, Unchecked
from pedigreed.model.period import Period

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
UNREADABLE = Checked(programs=0, of=1, unchecked=(Unchecked(1180, "NIRCam: HTTP 504", NOW - DAY),))


def digest(
    *,
    changes: tuple[Change, ...] = (),
    baselines: tuple[Baseline, ...] = (),
    suspects: tuple[Suspect, ...] = (),
    checked: Checked = Checked(programs=1, of=1),  # noqa: B008  # frozen
    ends: datetime = NOW,
) -> Digest:
    return Digest(
        digest_id="0" * 32,
        subscription="jades",
        selections=(),
        starts=ends - DAY,
        ends=ends,
        timezone="UTC",
        changes=changes,
        transitions=(),
        progress=(),
        baselines=baselines,
        suspects=suspects,
        checked=checked,
    )


def period(*, unchecked: frozenset[int] = frozenset(), is_told: bool = True, ends: datetime = NOW - DAY) -> Period:
    return Period("jades", "label", ends - DAY, ends, ends, unchecked, "1" * 32 if is_told else None)


def days_told(
    checked: list[Checked], empty: WhenEmpty, length: timedelta = DAY, late: timedelta = timedelta(0)
) -> list[int]:
    """Which of these periods are told. Every second one is closed late."""
    told, last, last_sent = [], None, None
    for number, each in enumerate(checked):
        ends = NOW + number * length + late * (number % 2)
        is_told = is_worth_sending(digest(checked=each, ends=ends), empty, last_period=last, last_sent=last_sent)
        last = period(unchecked=frozenset(entry.program for entry in each.unchecked), is_told=is_told, ends=ends)
        if is_told:
            told.append(number)
            last_sent = last
    return told


@pytest.mark.parametrize("empty", WhenEmpty)
def test_news_are_always_told(change: Callable[..., Change], empty: WhenEmpty) -> None:
    news = (change(ChangeKind.NEW, "jw01180007001_02101_00001_nrca1_cal.fits"),)
    assert is_worth_sending(digest(changes=news), empty, last_period=period(), last_sent=period())
    assert is_worth_sending(
        digest(baselines=(Baseline(1180, 0, ()),)), empty, last_period=period(), last_sent=period()
    )


def test_a_quiet_day_is_told_only_to_whom_asks_for_it() -> None:
    assert is_worth_sending(digest(), WhenEmpty.ALWAYS, last_period=period(), last_sent=period())
    assert not is_worth_sending(digest(), WhenEmpty.WEEKLY, last_period=period(), last_sent=period())
    assert not is_worth_sending(digest(), WhenEmpty.NEVER, last_period=period(), last_sent=period())


def test_never_is_never_where_all_was_checked() -> None:
    assert not days_told([Checked(1, 1)] * 30, WhenEmpty.NEVER)


def test_weekly_is_every_seventh_day() -> None:
    assert days_told([Checked(1, 1)] * 22, WhenEmpty.WEEKLY) == [0, 7, 14, 21]


def test_weekly_stays_on_its_day_though_a_cycle_begins_late() -> None:
    assert days_told([Checked(1, 1)] * 22, WhenEmpty.WEEKLY, late=HOUR) == [0, 7, 14, 21]


def test_weekly_stays_on_its_day_in_the_week_that_spring_makes_shorter() -> None:
    assert is_worth_sending(
        digest(), WhenEmpty.WEEKLY, last_period=period(), last_sent=period(ends=NOW - 7 * DAY + HOUR)
    )


def test_weekly_is_a_week_where_periods_are_half_a_day() -> None:
    assert days_told([Checked(1, 1)] * 29, WhenEmpty.WEEKLY, length=12 * HOUR) == [0, 14, 28]


@pytest.mark.parametrize("empty", [WhenEmpty.NEVER, WhenEmpty.WEEKLY])
def test_an_outage_is_told_when_it_begins_once_a_week_and_when_it_is_over(empty: WhenEmpty) -> None:
    well, ill = Checked(1, 1), UNREADABLE
    told = days_told([ill] * 15, empty)
    assert told == [0, 7, 14]
    begun_later = days_told([well] * 3 + [ill] * 9 + [well], empty)
    assert set(begun_later) - {0} == {3, 10, 12}, "and when it is over"


def test_an_outage_that_begins_again_is_told_again() -> None:
    well, ill = Checked(1, 1), UNREADABLE
    assert days_told([well, ill, well, ill, ill, well, well], WhenEmpty.NEVER) == [1, 2, 3, 5]


def test_the_first_period_that_finds_the_archive_unreadable_says_so() -> None:
    assert is_worth_sending(digest(checked=UNREADABLE), WhenEmpty.NEVER, last_period=None, last_sent=None)


def test_another_program_that_can_not_be_checked_is_told() -> None:
    lost = Checked(0, 2, unchecked=tuple(Unchecked(program, "reset", None) for program in (1180, 1181)))
    for known, is_told in ((frozenset((1180,)), True), (frozenset((1180, 1181)), False)):
        last = period(unchecked=known)
        assert is_worth_sending(digest(checked=lost), WhenEmpty.NEVER, last_period=last, last_sent=last) == is_told


def test_products_that_go_missing_are_told_once() -> None:
    """The answer that lacks them came at the period's end, which is where the next begins."""
    suspects = (Suspect(1180, 30, 100, since=NOW, newest=NOW),)
    today, tomorrow = digest(suspects=suspects), digest(suspects=suspects, ends=NOW + DAY)
    assert is_worth_sending(today, WhenEmpty.NEVER, last_period=period(), last_sent=period())
    assert not is_worth_sending(
        tomorrow, WhenEmpty.NEVER, last_period=period(ends=NOW), last_sent=period(ends=NOW)
    )


def test_products_that_went_missing_before_the_first_period_are_told_in_it() -> None:
    suspects = (Suspect(1180, 30, 100, since=NOW - 3 * DAY, newest=NOW - 3 * DAY),)
    assert is_worth_sending(digest(suspects=suspects), WhenEmpty.NEVER, last_period=None, last_sent=None)
