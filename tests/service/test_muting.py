"""What a muted subscription has to tell waits, and is told once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pedigreed.model.pause import Mute
from pedigreed.service.status import read_status
from pedigreed.store import pauses as stored_pauses
from watcher import DAY_0, Watcher

if TYPE_CHECKING:
    from pedigreed.config.settings import Config

DAY = timedelta(days=1)


def day(number: float) -> datetime:
    return DAY_0 + number * DAY


def mute(watcher: Watcher, name: str, since: float, until: float) -> None:
    with watcher.store.writing() as connection:
        stored_pauses.mute(connection, Mute(name, day(since), day(until)))


def unmute(watcher: Watcher, name: str) -> bool:
    with watcher.store.writing() as connection:
        return stored_pauses.unmute(connection, name)


def two(watcher: Watcher) -> Config:
    return watcher.configured({"programs": [1180]}, {"programs": [1180]})


def test_the_first_digest_after_a_mute_covers_all_of_it(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 30)
    config = two(watcher)
    watcher.told(day(0), config)
    mute(watcher, "a", 0.5, 3)
    watcher.holdings.remake(names[:10], at=day(0.6))
    assert set(watcher.told(day(1), config)) == {"b"}, "the other one is told as ever"
    watcher.holdings.remake(names[10:12], at=day(1.5))
    assert set(watcher.told(day(2), config)) == {"b"}
    cycle = watcher.cycle(day(3), config)
    (closed,) = [each for each in cycle.outgoing.closed if each.period.subscription == "a"]
    assert closed.rendered is not None
    assert "12 of 30 products (40%" in closed.rendered.text
    assert (closed.period.starts_at, closed.period.ends_at) == (day(0), day(3))
    assert watcher.told(day(4), config) == {}, "once"


def test_a_subscription_that_speaks_again_tells_everything_once(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 30)
    watcher.told(day(0))
    mute(watcher, "a", 0.5, 300)
    watcher.holdings.remake(names[:10], at=day(0.6))
    assert watcher.told(day(1)) == {}
    assert unmute(watcher, "a")
    text = watcher.told(day(1.1))["a"]
    assert "REPROCESSED    10 of 30 products" in text or "10 of 30 products" in text
    assert watcher.told(day(1.2)) == {}
    assert watcher.told(day(2)) == {}
    assert not unmute(watcher, "a")


def test_one_that_is_muted_from_the_start_begins_with_its_baseline(watcher: Watcher) -> None:
    watcher.holdings.add(1180, 30)
    mute(watcher, "a", 0, 2)
    assert watcher.told(day(0)) == {}
    assert watcher.told(day(1)) == {}
    assert "NOW WATCHING" in watcher.told(day(2))["a"]


def test_status_says_until_when_a_subscription_is_muted(watcher: Watcher) -> None:
    watcher.holdings.add(1180, 3)
    config = two(watcher)
    watcher.told(day(0), config)
    mute(watcher, "a", 0.5, 3.5)
    with watcher.store.reading() as connection:
        muted, other = read_status(connection, config, day(0.6)).subscriptions
        over, _ = read_status(connection, config, day(3.5)).subscriptions
    assert (muted.muted_until, muted.next_due) == (day(3.5), day(3.5))
    assert (other.muted_until, other.next_due) == (None, day(1))
    assert (over.muted_until, over.next_due) == (None, None)
