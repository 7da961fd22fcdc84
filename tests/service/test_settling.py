"""A program in motion is reported once it has been quiet: as one campaign, and each change once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

import archive_faults
from misbehaving import is_page
from pedigreed.model.instant import to_mjd
from pedigreed.service.status import read_status
from pedigreed.store.tables import changes, told
from watcher import DAY_0, Watcher

if TYPE_CHECKING:
    from typing import Any

    from pedigreed.config.settings import Config

DAY = timedelta(days=1)


def day(number: float) -> datetime:
    return DAY_0 + number * DAY


def settling(watcher: Watcher, settle: str = "24h", **digest: Any) -> Config:  # noqa: ANN401  # YAML
    return watcher.configured({"programs": [1180]}, settle=settle, **digest)


def assert_told_once(watcher: Watcher, subscription: str = "a") -> None:
    """Every recorded change is covered by exactly one period: the table's key sees to no more than one."""
    with watcher.store.reading() as connection:
        recorded = connection.execute(select(func.count()).select_from(changes)).scalar_one()
        query = select(func.count()).where(told.c.subscription == subscription)
        covered = connection.execute(query).scalar_one()
    assert covered == recorded > 0


def test_a_program_in_motion_is_told_as_one_when_it_has_been_quiet(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 30)
    config = settling(watcher)
    watcher.told(day(0), config)
    watcher.holdings.remake(names[:12], at=day(0.5))
    assert watcher.told(day(1), config) == {}, "alone it is not worth a digest"
    watcher.holdings.remake(names[12:25], at=day(1.5))
    assert watcher.told(day(2), config) == {}
    watcher.holdings.remake(names[25:], at=day(1.9))
    assert watcher.told(day(2.5), config) == {}
    text = watcher.told(day(3), config)["a"]
    assert "30 of 30 products (100%), moved 20 to 22 Nov 2026" in " ".join(text.split())
    assert "IN PROGRESS" not in text
    assert_told_once(watcher)
    assert watcher.told(day(4), config) == {}


def test_a_program_in_motion_has_a_line_in_a_digest_of_other_news(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 30)
    kept = {name: watcher.holdings.rows.pop(name) for name in names[:2]}
    config = settling(watcher)
    watcher.told(day(0), config)
    watcher.holdings.remake(names[2:12], at=day(0.5))
    watcher.holdings.rows |= kept
    watcher.holdings.remake(list(kept), at=day(0.6))
    text = " ".join(watcher.told(day(1), config)["a"].split())
    assert "NEW 2 products" in text
    assert "IN PROGRESS 1 program is being reprocessed; reported once it has been quiet for 24 hours" in text
    assert "1180 moving to 2.0.1, jwst_1535: 12 of 30 so far, since 20 Nov" in text
    assert "REPROCESSED" not in text
    text = watcher.told(day(2), config)["a"]
    assert "10 products" in text
    assert "NEW " not in text
    assert_told_once(watcher)


def test_a_digest_without_news_says_what_is_in_motion(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 30)
    config = settling(watcher, empty="always")
    watcher.told(day(0), config)
    watcher.holdings.remake(names[:12], at=day(0.5))
    (closed,) = watcher.cycle(day(1), config).outgoing.closed
    assert closed.rendered is not None
    assert closed.rendered.subject == "[pedigreed] a: 1 program being reprocessed"
    assert "NO CHANGE" not in closed.rendered.text
    assert closed.rendered.attachments == ()


def test_a_product_that_moves_twice_is_told_from_its_first_pedigree_to_its_last(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 4)
    config = settling(watcher)
    watcher.told(day(0), config)
    watcher.holdings.remake(names[:3], at=day(0.5), cal_ver="2.0.0")
    assert watcher.told(day(1), config) == {}
    watcher.holdings.remake(names[1:], at=day(1.5))
    assert watcher.told(day(2), config) == {}
    text = watcher.told(day(3), config)["a"]
    assert "REPROCESSED    4 products" in text
    assert "1180  3 products" in text
    assert "1180   1 product " in text, "what stayed with the first target is told along"
    assert text.count("CAL_VER   1.20.2") == 2
    assert_told_once(watcher)


def test_what_goes_back_to_where_it_was_is_no_campaign(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 3)
    config = watcher.configured({"programs": [1180]}, sweep="1h", settle="24h")
    watcher.told(day(0), config)
    before = dict(watcher.holdings.rows)
    watcher.holdings.remake(names, at=day(0.5))
    assert watcher.told(day(1), config) == {}
    watcher.holdings.rows = before
    assert watcher.told(day(2), config) == {}
    assert watcher.told(day(5), config) == {}
    assert_told_once(watcher)


def test_other_news_of_a_product_that_waits_are_told_at_once(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 6, isStale=True, publicReleaseDate_mjd=to_mjd(day(30)))
    everything = ["reprocessed", "regressed", "new", "public", "withdrawn", "stale", "no longer stale"]
    config = watcher.configured({"programs": [1180], "events": everything}, sweep="1h", settle="24h")
    watcher.told(day(0), config)
    watcher.holdings.remake(names, at=day(0.5))
    watcher.holdings.set(names, isStale=False)
    watcher.holdings.set(names[:2], publicReleaseDate_mjd=to_mjd(day(0.7)))
    text = watcher.told(day(1), config)["a"]
    assert "PUBLIC         2 products" in text
    assert "NO LONGER STALE" not in text, "which follows from what is told later"
    watcher.holdings.remake(names[5:], at=day(1.2), cal_ver="1.19.1", context=1408)
    text = watcher.told(day(2), config)["a"]
    assert "REGRESSED      1 product" in text
    assert "REPROCESSED    5 of 6 products" in text, "which have been quiet since"
    assert "NO LONGER STALE" not in text
    assert_told_once(watcher)


def test_a_program_that_does_not_come_to_rest_is_told_after_a_week(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 30)
    config = settling(watcher)
    watcher.told(day(0), config)
    for number in range(1, 8):
        watcher.holdings.remake(names[2 * number : 2 * number + 2], at=day(number - 0.2))
        assert watcher.told(day(number), config) == {}
    watcher.holdings.remake(names[16:18], at=day(7.8))
    text = " ".join(watcher.told(day(8), config)["a"].split())
    assert "16 of 30 products" in text
    assert "still running: 2 in the last 6 h" in text
    assert_told_once(watcher)


@pytest.mark.failure("MAST's answer is empty or cut short")
def test_a_program_is_not_quiet_on_the_word_of_no_answer(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 30)
    config = settling(watcher)
    watcher.told(day(0), config)
    watcher.holdings.remake(names[:12], at=day(0.9))
    assert watcher.told(day(1), config) == {}
    watcher.recorded.misbehave(archive_faults.WrongTotal(3), times=None, when=is_page)
    text = watcher.told(day(2), config)["a"]
    assert "NOT CHECKED" in text
    assert "REPROCESSED" not in text
    watcher.recorded.well_behaved()
    assert "REPROCESSED" in watcher.told(day(3), config)["a"]
    assert_told_once(watcher)


@pytest.mark.failure("the host slept for days")
def test_what_came_to_rest_while_nobody_looked_is_told_at_once(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 30)
    config = settling(watcher)
    watcher.told(day(0), config)
    watcher.holdings.remake(names, at=day(2))
    assert "30 of 30 products (100%)" in watcher.told(day(6), config)["a"]
    assert_told_once(watcher)


def test_nothing_is_lost_or_told_twice_when_settle_comes_and_goes(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 30)
    watcher.told(day(0))
    watcher.holdings.remake(names[:10], at=day(0.5))
    assert "10 of 30 products" in watcher.told(day(1))["a"]
    watcher.holdings.remake(names[10:20], at=day(1.5))
    assert watcher.told(day(2), settling(watcher)) == {}
    text = " ".join(watcher.told(day(3))["a"].split())
    assert "day 3 of the move to 2.0.1, jwst_1535: 20 of 30 (66%)" in text
    assert "1180 10 products" in text
    assert_told_once(watcher)


def test_each_subscription_waits_for_itself(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 30)
    config = watcher.configured({"programs": [1180]}, {"programs": [1180]})
    patient = config.subscriptions[1].digest.model_copy(update={"settle": DAY})
    subscriptions = (config.subscriptions[0], config.subscriptions[1].model_copy(update={"digest": patient}))
    config = config.model_copy(update={"subscriptions": subscriptions})
    watcher.told(day(0), config)
    watcher.holdings.remake(names[:10], at=day(0.5))
    assert set(watcher.told(day(1), config)) == {"a"}
    watcher.holdings.remake(names[10:], at=day(0.9))
    assert set(watcher.told(day(2), config)) == {"a", "b"}
    for name in "ab":
        assert_told_once(watcher, name)


def test_the_status_counts_what_waits(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 30)
    config = settling(watcher)
    watcher.told(day(0), config)
    watcher.holdings.remake(names[:12], at=day(0.5))
    watcher.told(day(1), config)
    with watcher.store.reading() as connection:
        (waits,) = read_status(connection, config, day(1)).subscriptions
        (tells,) = read_status(connection, watcher.config, day(1)).subscriptions
    assert (waits.waiting, tells.waiting) == (12, 0)


def test_the_days_of_a_campaign_are_counted_until_it_pauses(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 30)
    watcher.told(day(0))
    said = []
    for number, part in enumerate((slice(0, 5), slice(5, 12), slice(12, 20)), start=1):
        watcher.holdings.remake(names[part], at=day(number - 0.4))
        said.append(" ".join(watcher.told(day(number))["a"].split()))
    assert "5 of 30 products (16%)" in said[0]
    assert "day " not in said[0]
    assert "day 2 of the move to 2.0.1, jwst_1535: 12 of 30 (40%)" in said[1]
    assert "day 3 of the move to 2.0.1, jwst_1535: 20 of 30 (66%)" in said[2]
    watcher.holdings.remake(names[20:22], at=day(6.6))
    text = " ".join(watcher.told(day(7))["a"].split())
    assert "22 of 30 products now have 2.0.1, jwst_1535 (73%)" in text, "another campaign, and its first day"
