"""Where many subscriptions stand is read at once, and is what each of them says, on both databases."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import TYPE_CHECKING

from pedigreed.config.settings import Config
from pedigreed.model.period import Period
from pedigreed.schedule import due, due_periods
from pedigreed.service.subscriptions import CLOCK_AHEAD, last_ends, last_periods, rhythm_of
from pedigreed.store import periods as stored_periods
from pedigreed.store.database import Store
from watcher import DAY_0

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.engine import Connection

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
ENDS = {
    "never": None,
    "now": DAY_0,
    "just-before": DAY_0 - SECOND,
    "yesterday": DAY_0 - DAY,
    "last-week": DAY_0 - 5 * DAY,
    "long-ago": DAY_0 - 400 * DAY,
    "ahead": DAY_0 + CLOCK_AHEAD,
    "far-ahead": DAY_0 + CLOCK_AHEAD + SECOND,
}


def test_what_is_due_is_the_same_for_all_at_once_and_one_by_one(store_url: str) -> None:
    named = {f"{end}-{every}": (every, ENDS[end]) for end, every in product(ENDS, ("day", "week", "6h", "60d"))}
    config = Config.model_validate(
        {
            "channels": {"keep": {"folder": {"path": "/digests"}}},
            "subscriptions": [
                {
                    "name": name,
                    "watch": {"programs": [1180]},
                    "digest": {"every": every, "at": "06:00"},
                    "deliver": [{"channel": "keep"}],
                }
                for name, (every, _) in named.items()
            ],
        },
        strict=False,
    )
    rhythms = {each.name: rhythm_of(each, config) for each in config.subscriptions}
    with Store(store_url) as store, store.writing() as connection:
        for name, (_, end) in named.items():
            if end is not None:
                close(connection, name, end)
        one_by_one = []
        kept = last_periods(connection, DAY_0)
        for each in config.subscriptions:
            last = kept.get(each.name)
            if due(rhythms[each.name], last.ends_at if last else None, DAY_0):
                one_by_one.append(each.name)
        at_once = due_periods(rhythms, last_ends(connection, rhythms.values(), DAY_0), DAY_0)
    assert at_once == one_by_one
    assert 0 < len(one_by_one) < len(named)


def close(connection: Connection, subscription: str, end: datetime) -> None:
    for ends_at in (end - 500 * DAY, end):
        period = Period(subscription, ends_at.isoformat(), ends_at - DAY, ends_at, ends_at, frozenset(), None)
        assert stored_periods.claim(connection, {subscription: period.label}, ends_at)
        stored_periods.close(connection, [period])
