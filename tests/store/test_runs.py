"""What all runs did, added up."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pedigreed.model.delivery import DeliveryState
from pedigreed.model.work import Run, Work
from pedigreed.store import runs

if TYPE_CHECKING:
    from pedigreed.store.database import Store

NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)


def do(store: Store, work: Work, now: datetime, problem: str | None = None) -> None:
    with store.writing() as connection:
        key = runs.begin(connection, work, now)
    assert key is not None
    run = Run(
        key,
        work,
        now,
        now + timedelta(seconds=1.5),
        requests=2,
        rows=100,
        problem=problem,
        outcomes={DeliveryState.SENT: 3, DeliveryState.WAITING: 1},
    )
    with store.writing() as connection:
        runs.end(connection, run)


def test_they_grow_with_each_run_and_outlive_it(store: Store) -> None:
    do(store, Work.ASK, NOW)
    do(store, Work.ASK, NOW + timedelta(days=1), "no answer")
    do(store, Work.ASK, NOW + timedelta(days=400))
    with store.reading() as connection:
        assert len(runs.newest(connection, Work.ASK, 10)) == 1
        assert runs.load_totals(connection) == {
            (Work.ASK, "complete"): 2,
            (Work.ASK, "incomplete"): 1,
            (Work.ASK, "milliseconds"): 4500,
            (Work.ASK, "requests"): 6,
            (Work.ASK, "rows"): 300,
            (Work.ASK, "sent"): 9,
            (Work.ASK, "waiting"): 3,
        }


def test_a_clock_that_was_set_back_makes_none_of_them_less(store: Store) -> None:
    with store.writing() as connection:
        key = runs.begin(connection, Work.TELL, NOW)
        assert key is not None
        runs.end(connection, Run(key, Work.TELL, NOW, NOW - timedelta(hours=1)))
    with store.reading() as connection:
        assert runs.load_totals(connection) == {(Work.TELL, "complete"): 1}


def test_nothing_is_lost_between_processes_that_add_at_once(store: Store) -> None:
    def add(number: int) -> None:
        amounts = {"requests": 1, "rows": number, "complete": 1}
        with store.writing() as connection:
            runs.add_totals(connection, Work.ASK, amounts if number % 2 else dict(reversed(amounts.items())))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(add, range(40)))
    with store.reading() as connection:
        assert runs.load_totals(connection)[Work.ASK, "rows"] == sum(range(40))
