"""Whole cycles: what is told of an archive that changes, misbehaves, and changes its mind."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

import archive_faults
import faults
from misbehaving import is_count, is_page
from pedigreed.model.change import ChangeKind
from pedigreed.model.delivery import DeliveryState
from pedigreed.model.instant import to_mjd
from pedigreed.model.instrument import Instrument
from pedigreed.service.asking import OVERLAP
from pedigreed.service.outbox import LEASE
from pedigreed.store import changes as stored_changes
from pedigreed.store import coverage as stored_coverage
from pedigreed.store import deliveries as stored_deliveries
from pedigreed.store import products as stored_products
from watcher import DAY_0, Watcher

if TYPE_CHECKING:
    from faults import Fault
    from pedigreed.model.change import Change

DAY = timedelta(days=1)


def day(number: float) -> datetime:
    return DAY_0 + number * DAY


def recorded_changes(watcher: Watcher) -> list[Change]:
    with watcher.store.reading() as connection:
        return stored_changes.history(connection, [])


def kinds(watcher: Watcher) -> list[str]:
    return sorted(change.kind.value for change in recorded_changes(watcher))


def test_the_first_sight_is_a_baseline_and_no_change(watcher: Watcher) -> None:
    watcher.holdings.add(1180, 30)
    text = watcher.told(day(0))["a"]
    assert "NOW WATCHING" in text
    assert "30 products" in text
    assert recorded_changes(watcher) == []


def test_a_quiet_day_sends_nothing_and_is_closed(watcher: Watcher) -> None:
    watcher.holdings.add(1180, 3)
    watcher.told(day(0))
    cycle = watcher.cycle(day(1))
    (closed,) = cycle.outgoing.closed
    assert closed.rendered is None
    assert closed.period.is_checked
    assert not cycle.outgoing.deliveries


def test_a_reprocessing_is_told_once_to_every_subscription(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 30)
    config = watcher.configured({"programs": [1180]}, {"programs": [1180]})
    watcher.told(day(0), config)
    watcher.holdings.remake(names[:12], at=day(0.5))
    told = watcher.told(day(1), config)
    assert set(told) == {"a", "b"}
    assert all("12 of 30 products (40%" in text for text in told.values())
    assert watcher.told(day(2), config) == {}
    assert kinds(watcher) == ["reprocessed"] * 12


def test_a_second_cycle_on_one_day_repeats_nothing(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 3)
    watcher.told(day(0))
    watcher.holdings.remake(names, at=day(0.5))
    assert "REPROCESSED" in watcher.told(day(1))["a"]
    watcher.holdings.remake(names, at=day(1.01), context=1536)
    assert watcher.told(day(1.02)) == {}, "the day's digest was told already"
    assert "jwst_1536" in watcher.told(day(2))["a"]


@pytest.mark.failure("the clock is set back")
def test_what_the_clock_set_back_sees_is_told_the_next_day(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 3)
    watcher.told(day(0))
    watcher.told(day(1))
    watcher.holdings.remake(names, at=day(0.9))
    assert watcher.told(day(1) - timedelta(hours=1)) == {}
    assert "3 products" in watcher.told(day(2))["a"] or "3 of 3" in watcher.told(day(2))["a"]


@pytest.mark.failure("the host slept for days")
def test_a_missed_week_is_one_digest(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 10)
    watcher.told(day(0))
    watcher.holdings.remake(names, at=day(2))
    cycle = watcher.cycle(day(7))
    (closed,) = cycle.outgoing.closed
    assert (closed.period.starts_at, closed.period.ends_at) == (day(0), day(7))
    assert closed.rendered is not None
    assert "10 of 10 products (100%)" in closed.rendered.text


@pytest.mark.failure("a value goes and comes back before the digest")
def test_a_value_that_goes_and_comes_back_before_the_digest_is_no_change(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 3)
    watcher.told(day(0))
    before = dict(watcher.holdings.rows)
    watcher.holdings.remake(names, at=day(0.2))
    watcher.cycle(day(0.3))
    watcher.holdings.rows = before
    config = watcher.configured({"programs": [1180]}, sweep="1h")
    assert watcher.told(day(1), config) == {}
    assert len(recorded_changes(watcher)) == 6, "the history has both moves"


def test_a_pedigree_that_goes_down_is_regressed(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 3)
    watcher.told(day(0))
    watcher.holdings.remake(names[:2], at=day(0.5), cal_ver="1.19.1", context=1408)
    assert "REGRESSED      2 products" in watcher.told(day(1))["a"]


def test_a_program_without_data_gets_its_first(watcher: Watcher) -> None:
    config = watcher.configured({"programs": [1180], "instruments": [each.value for each in Instrument]})
    text = watcher.told(day(0), config)["a"]
    assert "no data" in text
    watcher.holdings.add(1180, 4, ingestCompletionDate_mjd=to_mjd(day(0.7)))
    assert "FIRST DATA     4 products" in watcher.told(day(1), config)["a"]


def test_first_takes_the_word_of_every_instrument(watcher: Watcher) -> None:
    watcher.told(day(0))
    watcher.holdings.add(1180, 4, ingestCompletionDate_mjd=to_mjd(day(0.7)))
    assert "NEW            4 products" in watcher.told(day(1))["a"], "what MIRI has of 1180 was never asked"


def test_a_first_answer_that_was_falsely_empty_makes_nothing_new(watcher: Watcher) -> None:
    watcher.holdings.add(1180, 30)
    watcher.recorded.misbehave(archive_faults.NoRows(), times=1, when=is_count)
    config = watcher.configured({"programs": [1180]}, sweep="1h")
    watcher.told(day(0), config)
    assert watcher.told(day(1), config) == {}
    assert kinds(watcher) == []


def test_new_products_of_a_known_program_are_new(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 6)
    kept = {name: watcher.holdings.rows.pop(name) for name in names[:2]}
    watcher.told(day(0))
    watcher.holdings.rows |= kept
    watcher.holdings.remake(list(kept), at=day(0.5))
    assert "NEW            2 products" in watcher.told(day(1))["a"]


def test_stale_is_told_after_a_sweep(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 6)
    config = watcher.configured({"programs": [1180], "events": ["stale", "no longer stale"]}, sweep="1h")
    watcher.told(day(0), config)
    watcher.holdings.set(names[3:], isStale=True)
    text = watcher.told(day(1), config)["a"]
    assert "MARKED STALE   3 products" in text
    watcher.holdings.set(names[3:], isStale=False)
    assert "NO LONGER STALE  3 products" in watcher.told(day(2), config)["a"]


def test_a_subscription_hears_only_what_it_selects(watcher: Watcher) -> None:
    nircam = watcher.holdings.add(1180, 4)
    miri = watcher.holdings.add(1181, 4, Instrument.MIRI)
    config = watcher.configured(
        {"programs": [1180, 1181]},
        {"programs": [1181], "instruments": ["miri"]},
        {"programs": [1180], "events": ["new"]},
    )
    watcher.told(day(0), config)
    watcher.holdings.remake(nircam + miri, at=day(0.5))
    told = watcher.told(day(1), config)
    assert "1180  4 products" in told["a"]
    assert "MIRI" not in told["a"]
    assert "1181  4 products" in told["b"]
    assert "c" not in told


def test_a_subscription_that_comes_later_starts_with_a_baseline(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 4)
    watcher.told(day(0))
    watcher.holdings.remake(names, at=day(0.5))
    watcher.told(day(1))
    config = watcher.configured({"programs": [1180]}, {"programs": [1180]})
    told = watcher.told(day(2), config)
    assert set(told) == {"b"}
    assert "NOW WATCHING" in told["b"]
    assert "REPROCESSED" not in told["b"]


# Answers that can't be trusted


@pytest.mark.failure("MAST's answer is empty or cut short")
@pytest.mark.parametrize(
    "fault",
    [
        archive_faults.TruncatedPage(20),
        archive_faults.NoRows(),
        archive_faults.WrongTotal(3),
        archive_faults.DuplicateRow(),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_an_incomplete_answer_reports_nothing_gone(watcher: Watcher, fault: Fault) -> None:
    watcher.holdings.add(1180, 30)
    config = watcher.configured({"programs": [1180]}, sweep="1h")
    watcher.told(day(0), config)
    watcher.recorded.misbehave(fault, times=None, when=is_page)
    for number in range(1, 6):
        text = watcher.told(day(number), config).get("a", "")
        assert "WITHDRAWN" not in text
    assert kinds(watcher) == []
    watcher.recorded.well_behaved()
    watcher.told(day(6), config)
    assert kinds(watcher) == []
    with watcher.store.reading() as connection:
        assert stored_products.counts(connection, [1180]) == {1180: 30}


@pytest.mark.failure("MAST's answer is empty or cut short")
def test_an_incomplete_answer_tells_what_is_newer_and_holds_what_is_older(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 30)
    config = watcher.configured({"programs": [1180]}, sweep="1h")
    watcher.told(day(0), config)
    watcher.holdings.remake(names[:5], at=day(0.5))
    watcher.holdings.remake(names[5:8], at=day(0.5), cal_ver="1.9.6", context=1068)
    watcher.recorded.misbehave(archive_faults.WrongTotal(3), times=None, when=is_page)
    text = watcher.told(day(1), config)["a"]
    assert "REPROCESSED" in text
    assert "REGRESSED" not in text
    assert "NOT CHECKED" in text
    watcher.recorded.well_behaved()
    assert "REGRESSED      3 products" in watcher.told(day(2), config)["a"]


@pytest.mark.failure("MAST's answer is empty or cut short")
def test_a_first_answer_that_is_incomplete_is_no_baseline(watcher: Watcher) -> None:
    watcher.holdings.add(1180, 30)
    watcher.recorded.misbehave(archive_faults.TruncatedPage(10), times=None, when=is_page)
    text = watcher.told(day(0))["a"]
    assert "NOT CHECKED" in text
    assert "NOW WATCHING" not in text
    watcher.recorded.well_behaved()
    text = watcher.told(day(1))["a"]
    assert "NOW WATCHING" in text
    assert "30 products" in text
    assert kinds(watcher) == []


@pytest.mark.failure("MAST does not answer")
def test_an_archive_that_does_not_answer_is_told_when_it_begins_and_not_each_day(watcher: Watcher) -> None:
    watcher.holdings.add(1180, 3)
    watcher.told(day(0))
    watcher.recorded.misbehave(faults.GatewayTimeout(), times=None)
    told = {number: watcher.told(day(number)) for number in range(1, 10)}
    assert [number for number, texts in told.items() if texts] == [1, 8]
    text = told[1]["a"]
    assert "NOT CHECKED" in text
    assert "HTTP 504" in text
    assert "1180" in text
    watcher.recorded.well_behaved()
    assert "NO CHANGE      in 1 program that was checked" in watcher.told(day(10))["a"], "that it is over is told"
    assert watcher.told(day(11)) == {}


def test_one_instrument_that_fails_does_not_stop_another(watcher: Watcher) -> None:
    nircam = watcher.holdings.add(1180, 4)
    miri = watcher.holdings.add(1180, 4, Instrument.MIRI)
    config = watcher.configured({"programs": [1180], "instruments": ["nircam", "miri"]})
    watcher.told(day(0), config)
    watcher.holdings.remake(nircam + miri, at=day(0.5))
    watcher.recorded.misbehave(
        archive_faults.ErrorReply("no such table"), times=None, when=lambda asked: "Miri" in asked.service
    )
    assert "1180  4 products   NIRCam" in watcher.told(day(1), config)["a"]
    watcher.recorded.well_behaved()
    assert "1180  4 products   MIRI" in watcher.told(day(2), config)["a"]


# Withdrawal


def test_a_product_is_withdrawn_when_two_complete_sweeps_lack_it(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 30)
    config = watcher.configured({"programs": [1180]}, sweep="1h")
    watcher.told(day(0), config)
    watcher.holdings.rows.pop(names[0])
    assert watcher.told(day(1), config) == {}
    assert "WITHDRAWN      1 product" in watcher.told(day(2), config)["a"]
    assert watcher.told(day(3), config) == {}


def test_sweeps_every_six_hours_find_a_withdrawal_too(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 30)
    config = watcher.configured({"programs": [1180]}, sweep="1h")
    watcher.told(day(0), config)
    watcher.holdings.rows.pop(names[0])
    for quarter in range(1, 9):
        watcher.cycle(day(quarter / 4), config)
    assert kinds(watcher) == ["withdrawn"]


@pytest.mark.failure("many products vanish at once")
def test_small_programs_that_vanish_together_are_suspect(watcher: Watcher) -> None:
    programs = list(range(2000, 2020))
    kept = {program: watcher.holdings.add(program, 8) for program in programs}
    config = watcher.configured({"programs": programs}, sweep="1h")
    watcher.told(day(0), config)
    for names in kept.values():
        for name in names[:4]:
            watcher.holdings.rows.pop(name)
    told = [watcher.told(day(number), config).get("a", "") for number in (1, 2, 3)]
    assert "WITHDRAWN" not in "".join(told)
    assert "4 of 8 products" in told[0]
    assert "WITHDRAWN      80 products" in watcher.told(day(4), config)["a"]


def test_two_sweeps_within_hours_count_as_one(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 30)
    config = watcher.configured({"programs": [1180]}, sweep="1h")
    watcher.told(day(0), config)
    watcher.holdings.rows.pop(names[0])
    for hours in range(24, 35):
        watcher.cycle(DAY_0 + timedelta(hours=hours), config)
    assert kinds(watcher) == []


def test_a_missing_product_is_looked_for_again_the_next_day(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 30)
    watcher.told(day(0))
    watcher.holdings.rows.pop(names[0])
    swept = next(
        number
        for number in range(1, 9)
        if any(answer.query.is_sweep for answer in watcher.cycle(day(number)).answers)
    )
    assert "WITHDRAWN" in watcher.told(day(swept + 1))["a"]


def test_a_product_that_comes_back_was_never_gone(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 30)
    config = watcher.configured({"programs": [1180]}, sweep="1h")
    watcher.told(day(0), config)
    row = watcher.holdings.rows.pop(names[0])
    watcher.told(day(1), config)
    watcher.holdings.rows[names[0]] = row
    watcher.told(day(2), config)
    watcher.holdings.rows.pop(names[0])
    assert watcher.told(day(3), config) == {}, "the count starts from zero"
    assert kinds(watcher) == []


def test_a_withdrawn_product_that_comes_back_is_new(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 30)
    config = watcher.configured({"programs": [1180]}, sweep="1h")
    watcher.told(day(0), config)
    row = watcher.holdings.rows.pop(names[0])
    watcher.told(day(1), config)
    watcher.told(day(2), config)
    watcher.holdings.rows[names[0]] = row
    assert "NEW            1 product" in watcher.told(day(3), config)["a"]


@pytest.mark.failure("many products vanish at once")
def test_many_that_are_missing_at_once_are_held_as_suspect(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 30)
    config = watcher.configured({"programs": [1180]}, sweep="1h")
    watcher.told(day(0), config)
    for name in names[:15]:
        watcher.holdings.rows.pop(name)
    text = watcher.told(day(1), config)["a"]
    assert "15 of 30 products" in text
    assert "WITHDRAWN" not in text
    assert watcher.told(day(2), config) == {}
    assert watcher.told(day(3), config) == {}
    assert "WITHDRAWN      15 products" in watcher.told(day(4), config)["a"]


# Cost


def test_between_sweeps_only_what_is_younger_is_asked_for(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 200)
    watcher.told(day(0))
    watcher.holdings.remake(names[:5], at=day(0.5))
    increments = [
        answer for number in (1, 2) for answer in watcher.cycle(day(number)).answers if not answer.query.is_sweep
    ]
    assert increments
    assert all(answer.fetched.rows == 5 for answer in increments)
    assert increments[0].query.archived_since is not None
    assert increments[0].query.archived_since <= day(2) - OVERLAP


def test_a_limit_that_is_ignored_turns_increments_off_and_is_no_news_to_a_subscription(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 20)
    watcher.told(day(0))
    watcher.recorded.misbehave(archive_faults.IgnoredFilter("ingestCompletionDate_mjd"), times=None)
    watcher.holdings.remake(names[:2], at=day(0.5))
    told: dict[str, str] = {}
    for number in (1, 2):
        told |= watcher.told(day(number))
    assert "REPROCESSED" in told["a"]
    assert "everything each time" not in told["a"]
    assert all(answer.query.is_sweep for answer in watcher.cycle(day(3)).answers)
    with watcher.store.reading() as connection:
        assert set(stored_coverage.increments_off(connection, day(3))) == {Instrument.NIRCAM}
        assert stored_coverage.increments_off(connection, day(40)) == {}


def test_a_change_that_increments_missed_turns_them_off(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 20)
    watcher.told(day(0))
    # Remade, and ingested long ago as far as the archive says: no increment can find it.
    watcher.holdings.remake(names[:2], at=DAY_0 - 30 * DAY)
    notes = [
        note for number in range(1, 9) for answer in watcher.cycle(day(number)).answers for note in answer.notes
    ]
    assert any("a sweep found 2 changes that they had missed" in note for note in notes), notes
    assert kinds(watcher) == ["reprocessed"] * 2


def test_a_flag_that_only_a_sweep_sees_does_not_turn_increments_off(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 20)
    watcher.told(day(0))
    watcher.holdings.set(names[:2], isStale=True)
    notes = [
        note for number in range(1, 9) for answer in watcher.cycle(day(number)).answers for note in answer.notes
    ]
    assert notes == []
    assert kinds(watcher) == ["stale"] * 2


def test_no_count_is_asked_where_the_pages_say_how_many_rows_there_are(watcher: Watcher) -> None:
    watcher.holdings.add(1180, 20)
    for number in range(15):
        watcher.cycle(day(number))
    assert not [asked for asked in watcher.recorded.requests if is_count(asked)]


# Delivery


def test_a_digest_waits_until_its_channel_is_there(watcher: Watcher) -> None:
    watcher.holdings.add(1180, 3)
    watcher.folder.write_text("a file is in the place of the folder")
    (waiting,) = watcher.cycle(day(0)).outgoing.deliveries
    assert waiting.state is DeliveryState.WAITING
    watcher.folder.unlink()
    assert watcher.cycle(day(0) + timedelta(seconds=1)).outgoing.deliveries == ()
    (sent,) = watcher.cycle(day(0) + timedelta(minutes=2)).outgoing.deliveries
    assert sent.state is DeliveryState.SENT
    assert sent.message == waiting.message, "the same bytes under the same id"


@pytest.mark.failure("the age limit of a digest passes")
def test_a_digest_that_can_not_be_delivered_for_days_is_given_up(watcher: Watcher) -> None:
    watcher.holdings.add(1180, 3)
    watcher.folder.write_text("a file is in the place of the folder")
    states = [
        delivery.state for number in range(9) for delivery in watcher.cycle(day(number / 2)).outgoing.deliveries
    ]
    assert states[-1] is DeliveryState.EXPIRED
    assert states.count(DeliveryState.EXPIRED) == 1


# What does not show in the date of ingest


# A cache that answers with what was so before


def test_an_old_answer_takes_nothing_back(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 30)
    watcher.recorded.misbehave(archive_faults.OldAnswers(), times=None, when=is_page)
    watcher.told(day(0))
    watcher.holdings.remake(names[:4], at=day(0.5))
    assert "4 of 30 products" in watcher.told(day(1))["a"]
    came = watcher.holdings.add(1181, 3)
    for name in came:
        row = {**watcher.holdings.rows.pop(name), "program": 1180}
        watcher.holdings.rows[name.replace("jw01181", "jw01180").replace("_02101_", "_09101_")] = {
            **row,
            "filename": name.replace("jw01181", "jw01180").replace("_02101_", "_09101_"),
            "ingestCompletionDate_mjd": to_mjd(day(1.5)),
        }
    assert "NEW            3 products" in watcher.told(day(2))["a"]
    assert [watcher.told(day(number)) for number in range(3, 30)] == [{}] * 27
    assert set(kinds(watcher)) == {"new", "reprocessed"}


def test_an_archive_that_went_back_is_believed_when_it_says_so_twice(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 30)
    config = watcher.configured({"programs": [1180]}, sweep="1h")
    before = dict(watcher.holdings.rows)
    watcher.holdings.remake(names[:4], at=day(-1))
    watcher.told(day(0), config)
    watcher.holdings.rows = before
    assert "REGRESSED      4 products" in watcher.told(day(1), config)["a"]


# A higher level in the place of a lower one


def replace_by_cal(watcher: Watcher, rates: list[str], at: datetime) -> list[str]:
    """A later build made the next level of some exposures: MAST lists that, and the lower one no more."""
    cals = []
    for rate in rates:
        row = watcher.holdings.rows.pop(rate)
        cals.append(rate.replace("_rate.fits", "_cal.fits"))
        watcher.holdings.rows[cals[-1]] = {**row, "filename": cals[-1], "productLevel": "2b"}
    watcher.holdings.remake(cals, at=at)
    return cals


def rates_alone(watcher: Watcher, count: int) -> list[str]:
    """Products of which no higher level is listed."""
    names = watcher.holdings.add(1180, 2 * count)
    for name in names:
        if name.endswith("_cal.fits"):
            del watcher.holdings.rows[name]
    return [name for name in names if name.endswith("_rate.fits")]


@pytest.mark.parametrize("sweep", ["7d", "1h"])
def test_a_rate_that_gives_way_to_its_cal_is_told_as_that(watcher: Watcher, sweep: str) -> None:
    rates = rates_alone(watcher, 30)
    config = watcher.configured({"programs": [1180]}, sweep=sweep)
    watcher.told(day(0), config)
    replace_by_cal(watcher, rates[:4], at=day(0.5))
    text = watcher.told(day(1), config)["a"]
    assert "HIGHER LEVEL   4 products listed as cal from now on" in text
    assert "1.20.2" in text
    assert "2.0.1" in text
    assert "NEW  " not in text
    assert "WITHDRAWN" not in text
    assert [watcher.told(day(number), config) for number in range(2, 20)] == [{}] * 18


def test_who_watches_the_lower_level_alone_is_told_what_became_of_it(watcher: Watcher) -> None:
    rates = rates_alone(watcher, 30)
    levels = (["2a"], ["2b"], ["1b"], ["3"])
    config = watcher.configured(*({"programs": [1180], "levels": each} for each in levels))
    watcher.told(day(0), config)
    cals = replace_by_cal(watcher, rates[:4], at=day(0.5))
    told = watcher.told(day(1), config)
    assert sorted(told) == ["a", "b"]
    assert "HIGHER LEVEL   4 products listed as cal from now on" in told["a"]
    watcher.holdings.remake(cals, at=day(1.5), cal_ver="2.1.0")
    assert sorted(watcher.told(day(2), config)) == ["b"], "from then on it is another level's"


def test_a_cal_beside_its_rate_is_new(watcher: Watcher) -> None:
    rates = rates_alone(watcher, 30)
    watcher.told(day(0))
    kept = {name: watcher.holdings.rows[name] for name in rates[:4]}
    replace_by_cal(watcher, rates[:4], at=day(0.5))
    watcher.holdings.rows |= kept
    assert "NEW            4 products" in watcher.told(day(1))["a"]
    for rate in rates[:4]:
        del watcher.holdings.rows[rate]
    told = [watcher.told(day(number)).get("a", "") for number in range(2, 12)]
    assert [text for text in told if "HIGHER LEVEL   4 products" in text] == [text for text in told if text]


def test_a_rate_that_leaves_beside_its_old_cal_is_withdrawn(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 60)
    config = watcher.configured({"programs": [1180]}, sweep="1h")
    watcher.told(day(0), config)
    rate = next(name for name in names if name.endswith("_rate.fits"))
    del watcher.holdings.rows[rate]
    assert "WITHDRAWN      1 product" in " ".join(
        watcher.told(day(number), config).get("a", "") for number in (1, 2)
    )


# Release dates


def exclusive(watcher: Watcher, count: int, until: float) -> list[str]:
    """Add products whose release is on a day. MAST says of none that it is restricted."""
    return watcher.holdings.add(1180, count, isRestricted=False, publicReleaseDate_mjd=to_mjd(day(until)))


def test_a_release_is_told_in_the_first_digest_after_it_and_once(watcher: Watcher) -> None:
    exclusive(watcher, 20, until=2.5)
    assert [sorted(watcher.told(day(number))) for number in range(3)] == [["a"], [], []]
    assert "PUBLIC         20 products" in watcher.told(day(3))["a"]
    assert [watcher.told(day(number)) for number in range(4, 12)] == [{}] * 8


def test_a_release_is_told_from_the_store_alone(watcher: Watcher) -> None:
    exclusive(watcher, 20, until=1.5)
    watcher.told(day(0))
    answers = [watcher.cycle(day(number)).answers for number in range(1, 3)]
    assert [answer.query.is_sweep for each in answers for answer in each] == [False, False]
    assert kinds(watcher) == [ChangeKind.PUBLIC] * 20


def test_a_release_is_told_where_mast_does_not_answer(watcher: Watcher) -> None:
    exclusive(watcher, 20, until=0.5)
    watcher.told(day(0))
    watcher.recorded.misbehave(faults.Unavailable(), times=None)
    assert "PUBLIC         20 products" in watcher.told(day(1))["a"]


def test_a_release_before_the_first_sight_is_not_told(watcher: Watcher) -> None:
    exclusive(watcher, 20, until=-1)
    assert [sorted(watcher.told(day(number))) for number in range(9)] == [["a"]] + [[]] * 8


def test_a_release_that_moves_is_told_when_it_has_passed(watcher: Watcher) -> None:
    put_off, forward, passed = (exclusive(watcher, 30, until=5.5)[start : start + 10] for start in (0, 10, 20))
    config = watcher.configured({"programs": [1180]}, sweep="1h")
    watcher.told(day(0), config)
    watcher.holdings.set(put_off, publicReleaseDate_mjd=to_mjd(day(7.5)))
    watcher.holdings.set(forward, publicReleaseDate_mjd=to_mjd(day(3.5)))
    assert watcher.told(day(1), config) == {}, "that a date moves is no publication"
    watcher.holdings.set(passed, publicReleaseDate_mjd=to_mjd(day(1.5)))
    told = [watcher.told(day(number), config).get("a", "") for number in range(2, 10)]
    assert [text.partition("PUBLIC         ")[2].partition(" ")[0] for text in told] == (
        ["10", "", "10", "", "", "", "10", ""]
    )


def test_each_subscription_is_told_of_a_release_once(watcher: Watcher) -> None:
    exclusive(watcher, 20, until=2.5)
    everything = {"programs": [1180]}
    config = watcher.configured(everything, {"programs": [1180], "events": ["new"]}, everything)
    told = [watcher.told(day(number), config) for number in range(6)]
    assert [name for texts in told for name, text in texts.items() if "PUBLIC" in text] == ["a", "c"]


def test_a_product_that_is_withdrawn_is_not_told_as_public(watcher: Watcher) -> None:
    names = exclusive(watcher, 20, until=4.5)
    config = watcher.configured({"programs": [1180]}, sweep="1h")
    watcher.told(day(0), config)
    del watcher.holdings.rows[names[0]]
    told = [watcher.told(day(number), config).get("a", "") for number in range(1, 6)]
    assert "WITHDRAWN      1 product" in told[1]
    assert "PUBLIC         19 products" in told[4]


def test_a_flag_alone_is_told_to_who_asks_for_flags_alone(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 20, isStale=True)
    config = watcher.configured(
        {"programs": [1180], "events": ["stale", "no longer stale"]}, {"programs": [1180]}, sweep="1h"
    )
    watcher.told(day(0), config)
    watcher.holdings.remake(names[:4], at=day(0.5))
    watcher.holdings.set(names[:4], isStale=False)
    told = watcher.told(day(1), config)
    assert "NO LONGER STALE  4 products" in told["a"]
    assert "REPROCESSED    4 of 20 products" in told["b"]
    assert "STALE" not in told["b"]


def test_an_instrument_that_loses_everything_is_suspect_however_little_it_was(watcher: Watcher) -> None:
    watcher.holdings.add(1180, 3)
    config = watcher.configured({"programs": [1180]}, sweep="1h")
    watcher.told(day(0), config)
    watcher.holdings.rows.clear()
    assert "3 of 3 products" in watcher.told(day(1), config)["a"]
    assert watcher.told(day(2), config) == {}
    assert watcher.told(day(3), config) == {}
    assert "WITHDRAWN      3 products" in watcher.told(day(4), config)["a"]


def test_no_data_is_said_of_a_program_and_not_of_what_is_selected_of_it(watcher: Watcher) -> None:
    watcher.holdings.add(1180, 20)
    config = watcher.configured({"programs": ["1180:999"]}, empty="always")
    watcher.told(day(0), config)
    assert "has no data" not in watcher.told(day(1), config)["a"]


# Subscriptions that grow, and clocks that are wrong


def test_what_a_program_did_before_it_was_subscribed_to_is_no_news(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 10)
    watcher.holdings.add(1181, 10)
    narrow = watcher.configured({"programs": [1180]}, {"programs": [1181]})
    watcher.told(day(0), narrow)
    watcher.holdings.remake(names, at=day(0.5))
    assert set(watcher.told(day(1), narrow)) == {"a"}
    wide = watcher.configured({"programs": [1180]}, {"programs": [1180, 1181]})
    text = watcher.told(day(2), wide)["b"]
    assert "NOW WATCHING   1 program" in text
    assert "REPROCESSED" not in text
    watcher.holdings.remake(names[:3], at=day(2.5), context=1536)
    assert "3 of 20 products" in watcher.told(day(3), wide)["b"]


def test_an_instrument_that_is_added_starts_with_its_baseline(watcher: Watcher) -> None:
    watcher.holdings.add(1180, 10)
    watcher.holdings.add(1180, 6, Instrument.MIRI)
    watcher.told(day(0))
    wide = watcher.configured({"programs": [1180], "instruments": ["nircam", "miri"]})
    text = watcher.told(day(1), wide)["a"]
    assert "NOW WATCHING   1 program with 6 products" in text
    assert "NEW" not in text


def test_levels_that_are_added_bring_no_old_news(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 10, productLevel="2a")
    narrow = watcher.configured({"programs": [1180], "levels": ["3"]})
    watcher.told(day(0), narrow)
    watcher.holdings.remake(names, at=day(0.5))
    assert watcher.told(day(1), narrow) == {}
    assert watcher.told(day(2), watcher.configured({"programs": [1180]})) == {}


@pytest.mark.failure("the clock is set forward")
def test_a_clock_that_was_ahead_for_once_blinds_nobody(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 30)
    watcher.told(day(0))
    watcher.told(day(400))
    watcher.holdings.remake(names[:9], at=day(0.5))
    assert "9 of 30 products" in watcher.told(day(1))["a"]
    watcher.holdings.remake(names[9:12], at=day(1.5))
    assert "3 products" in watcher.told(day(2))["a"]


def test_what_is_public_for_a_while_was_never_public(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 10, publicReleaseDate_mjd=to_mjd(day(0.3)))
    config = watcher.configured({"programs": [1180]}, sweep="1h")
    watcher.told(day(0), config)
    watcher.cycle(day(0.4), config)
    watcher.holdings.set(names, publicReleaseDate_mjd=to_mjd(day(9.5)))
    assert watcher.told(day(1), config) == {}
    assert "PUBLIC         10 products" in watcher.told(day(10), config)["a"]


# Two processes


@pytest.mark.failure("several processes share a store on PostgreSQL")
def test_of_two_processes_one_sends(watcher: Watcher) -> None:
    watcher.holdings.add(1180, 3)
    watcher.folder.write_text("a file is in the place of the folder")
    watcher.cycle(day(0))
    later = day(0) + timedelta(minutes=5)
    with watcher.store.writing() as connection:
        (first,) = stored_deliveries.claim(connection, "keep", later, later + LEASE)
    assert watcher.cycle(later).outgoing.deliveries == (), "another process has it"
    watcher.folder.unlink()
    (sent,) = watcher.cycle(later + LEASE).outgoing.deliveries
    assert sent.state is DeliveryState.SENT
    assert sent.maybe_repeated, "the first may have sent it before it ended"
    with watcher.store.writing() as connection:
        assert not stored_deliveries.settle(connection, [first]), "who comes late changes nothing"


# What the digest says of its own silence


def test_a_digest_says_as_of_when_withdrawals_are_known(watcher: Watcher) -> None:
    watcher.holdings.add(1180, 20)
    config = watcher.configured({"programs": [1180]}, empty="always")
    swept = {}
    for number in range(4):
        cycle = watcher.cycle(day(number), config)
        (rendered,) = [closed.rendered for closed in cycle.outgoing.closed if closed.rendered]
        swept[cycle.answers[0].query.is_sweep] = rendered.text
    assert "withdrawals as of" not in swept[True]
    assert "withdrawals as of" in swept[False]


def test_nothing_new_is_said_of_the_kinds_that_are_asked_for(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 20)
    config = watcher.configured({"programs": [1180], "events": ["new"]}, empty="always")
    watcher.told(day(0), config)
    watcher.holdings.remake(names, at=day(0.5))
    assert "NO CHANGE      of the kinds that you asked for" in watcher.told(day(1), config)["a"]


def test_a_service_that_is_down_for_days_starves_no_other(watcher: Watcher) -> None:
    instruments = [each.value for each in Instrument]
    names = watcher.holdings.add(1180, 6)
    watcher.holdings.add(1181, 6, Instrument.FGS)
    # Each day has a sweep and an increment of each instrument, so FGS fails twice before NIRCam is asked.
    config = watcher.configured({"programs": list(range(1180, 1190)), "instruments": instruments})
    watcher.told(day(0), config)
    watcher.recorded.misbehave(faults.Unavailable(), times=None, when=lambda asked: "Fgs" in asked.service)
    for number in range(1, 4):
        watcher.holdings.remake(names[number : number + 1], at=day(number - 0.5))
        assert "1180  1 product   NIRCam" in watcher.told(day(number), config)["a"]
