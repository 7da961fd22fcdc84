"""What digests are composed of is read once for all subscriptions to the same programs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import event
from sqlalchemy.engine import Engine

from watcher import DAY_0, Watcher

if TYPE_CHECKING:
    from pedigreed.config.settings import Config

DAY = timedelta(days=1)
LARGE = ("from products", "changes.filename")
"""What stands in a statement that reads products, or changes whole."""


def day(number: float) -> datetime:
    return DAY_0 + number * DAY


def read_of_the_large_tables(watcher: Watcher, config: Config, now: datetime) -> tuple[int, dict[str, str]]:
    """How many statements of a telling read the large tables, and what was told."""
    statements: list[str] = []
    composing = False

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        nonlocal composing
        said = " ".join(statement.lower().split())
        # An asking is over when a telling begins to claim periods.
        composing |= said.startswith("insert into periods")
        statements.extend([said] * composing)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        texts = watcher.told(now, config)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    return sum(any(word in said for word in LARGE) for said in statements), texts


def watching(watcher: Watcher, count: int) -> Config:
    return watcher.configured(*[{"programs": [1180, 1181]}] * count)


def test_five_subscriptions_to_the_same_programs_read_no_more_than_one(watcher: Watcher) -> None:
    names = [*watcher.holdings.add(1180, 12), *watcher.holdings.add(1181, 4)]
    watcher.told(day(0), watching(watcher, 5))
    watcher.holdings.remake(names[:5], at=day(0.5))
    watcher.holdings.set(names[:1], isStale=True)
    five, texts = read_of_the_large_tables(watcher, watching(watcher, 5), day(1))
    assert len(texts) == 5
    assert all("5 products" in text for text in texts.values())
    watcher.holdings.remake(names[5:9], at=day(1.5))
    watcher.holdings.set(names[1:2], isStale=True)
    one, _ = read_of_the_large_tables(watcher, watching(watcher, 1), day(2))
    assert five == one > 0


def test_what_each_selects_of_shared_programs_is_its_own(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 12)
    config = watcher.configured(
        {"programs": [1180]},
        {"programs": [1180], "events": ["stale"]},
        {"programs": [1181]},
        {"programs": [1180], "levels": ["3"]},
        {"programs": [1180]},
    )
    watcher.told(day(0), config)
    watcher.holdings.remake(names[:3], at=day(0.5))
    told = watcher.told(day(1), config)
    assert set(told) == {"a", "e"}
    assert all("REPROCESSED    3 of 12 products" in text for text in told.values())


def test_who_is_behind_is_told_what_the_others_were_told_before(watcher: Watcher) -> None:
    names = watcher.holdings.add(1180, 12)
    both = watching(watcher, 2)
    watcher.told(day(0), both)
    watcher.holdings.remake(names[:3], at=day(0.5))
    watcher.told(day(1), watching(watcher, 1))
    watcher.holdings.remake(names[3:5], at=day(1.5))
    told = watcher.told(day(2), both)
    assert "1180  2 products" in told["a"]
    assert "1180  5 products" in told["b"]
