"""A period is closed once, whoever tries, on both databases."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.exc import IntegrityError

from pedigreed.model.period import Period
from pedigreed.store import periods
from pedigreed.store.database import Store

if TYPE_CHECKING:
    from collections.abc import Iterable

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def closed(label: str, ends: datetime, *, subscription: str = "jades", unchecked: tuple[int, ...] = ()) -> Period:
    return Period(subscription, label, ends - DAY, ends, ends + timedelta(minutes=1), frozenset(unchecked), None)


def close(store: Store, *which: Period) -> None:
    with store.writing() as connection:
        for period in which:
            assert periods.claim(connection, {period.subscription: period.label}, NOON)
            periods.close(connection, [period])


def test_the_last_period_is_the_newest_that_ended_by_a_moment(store: Store) -> None:
    first, second, other = (
        closed("a", NOON),
        closed("b", NOON + DAY, unchecked=(1180, 9990)),
        closed("c", NOON + 2 * DAY),
    )
    ceers = closed("a", NOON + 9 * DAY, subscription="ceers")
    close(store, second, first, other, ceers)
    with store.reading() as connection:
        assert periods.last_closed(connection, NOON + 2 * DAY) == {"jades": other}
        assert periods.last_closed(connection, NOON + 2 * DAY - timedelta(seconds=1)) == {"jades": second}
        assert periods.last_closed(connection, NOON - DAY) == {}
        assert periods.last_closed(connection, NOON + 9 * DAY) == {"jades": other, "ceers": ceers}
        assert periods.last_closed(connection, NOON + 9 * DAY, ["ceers", "cosmos"]) == {"ceers": ceers}
        assert periods.last_with_digest(connection, NOON + 9 * DAY) == {}


def test_the_last_ends_are_those_between_two_moments(store: Store) -> None:
    close(
        store,
        closed("a", NOON),
        closed("b", NOON + DAY),
        closed("c", NOON + 3 * DAY),
        closed("a", NOON + 2 * DAY, subscription="ceers"),
        closed("a", NOON - timedelta(seconds=1), subscription="cosmos"),
    )
    with store.reading() as connection:
        assert periods.last_ends(connection, NOON + 2 * DAY, NOON) == {
            "jades": NOON + DAY,
            "ceers": NOON + 2 * DAY,
        }
        assert periods.last_ends(connection, NOON, NOON) == {"jades": NOON}
        assert periods.last_ends(connection, NOON, NOON + DAY) == {}


def test_a_period_is_claimed_once(store: Store) -> None:
    with store.writing() as connection:
        assert periods.claim(connection, {"jades": "2026-11-22"}, NOON)
        assert not periods.claim(connection, {"jades": "2026-11-22"}, NOON)
        assert periods.claim(connection, {"jades": "2026-11-23"}, NOON)
        assert periods.claim(connection, {"ceers": "2026-11-22"}, NOON)
    with store.writing() as connection:
        assert not periods.claim(connection, {"jades": "2026-11-22"}, NOON)


def test_of_several_periods_those_are_claimed_that_nobody_has(store: Store) -> None:
    with store.writing() as connection:
        periods.claim(connection, {"jades": "2026-11-22"}, NOON)
    with store.writing() as connection:
        wanted = {"jades": "2026-11-22", "ceers": "2026-11-22", "cosmos": "2026-11-22"}
        assert periods.claim(connection, wanted, NOON) == {"ceers", "cosmos"}
        periods.give_back(connection, {"ceers": "2026-11-22"})
        assert periods.claim(connection, wanted, NOON) == {"ceers"}
        assert periods.claim(connection, {}, NOON) == set()


def test_a_claim_ends_with_a_transaction_that_failed(store: Store) -> None:
    def fail() -> None:
        with store.writing() as connection:
            assert periods.claim(connection, {"jades": "2026-11-22"}, NOON)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        fail()
    with store.writing() as connection:
        assert periods.claim(connection, {"jades": "2026-11-22"}, NOON)


@pytest.mark.failure("several processes share a store on PostgreSQL")
def test_of_many_at_once_exactly_one_gets_a_period(store_url: str) -> None:
    names = [f"team-{number}" for number in range(10)]
    ready = threading.Barrier(4)

    def claim_all(store: Store) -> list[str]:
        ready.wait()
        return [name for name in names if claims(store, name)]

    def claims(store: Store, name: str) -> bool:
        with store.writing() as connection:
            return bool(periods.claim(connection, {name: "2026-11-22"}, NOON))

    with ExitStack() as stack:
        stores: Iterable[Store] = [stack.enter_context(Store(store_url)) for _ in range(4)]
        got = list(stack.enter_context(ThreadPoolExecutor(4)).map(claim_all, stores))
    assert sorted(chain.from_iterable(got)) == names


def test_a_period_names_no_digest_that_is_not_kept(store: Store) -> None:
    untrue = Period("jades", "a", NOON, NOON + DAY, NOON + DAY, frozenset(), digest_id="none such")
    with pytest.raises(IntegrityError):
        close(store, untrue)
