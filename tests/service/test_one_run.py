"""Runs of work: each is kept with its end, however it ends."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from pedigreed.model.delivery import Message
from pedigreed.model.failure import TryAgain
from pedigreed.model.work import INTERRUPTED, Run, Work
from pedigreed.service.one_run import one_run, take_up_lost
from pedigreed.store import deliveries as stored_deliveries
from pedigreed.store import runs
from pedigreed.store.database import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    with Store(store_url) as opened:
        yield opened


def last(store: Store) -> Run:
    with store.reading() as connection:
        (run,) = runs.newest(connection, Work.ASK)
    return run


def test_a_run_is_kept_with_what_it_did(store: Store) -> None:
    with one_run(store, Work.ASK, NOON) as end:
        assert last(store).ended_at is None
        assert end is not None
        end(problems=[], beside={}, requests=3, rows=20, changes=1)
    run = last(store)
    assert run.ended_at is not None
    assert (run.problem, run.requests, run.rows, run.changes) == (None, 3, 20, 1)


@pytest.mark.parametrize("failure", [TryAgain("hunter2"), ValueError("hunter2")])
def test_a_run_that_is_broken_off_has_an_end_and_says_why_without_its_words(
    store: Store, failure: Exception
) -> None:
    """An asking without an end would not be tried again for hours."""
    with pytest.raises(type(failure)), one_run(store, Work.ASK, NOON):
        raise failure
    run = last(store)
    assert run.ended_at is not None
    assert run.problem == f"broken off: {type(failure).__name__}"


def test_of_two_that_decided_on_the_same_run_one_does_it(store: Store) -> None:
    with one_run(store, Work.ASK, NOON, after=0) as first:
        assert first is not None
        with one_run(store, Work.ASK, NOON, after=0) as second:
            assert second is None
        first(problems=[], beside={})
    with one_run(store, Work.ASK, NOON, after=last(store).key) as third:
        assert third is not None, "what is due again is done again, however soon"
        third(problems=[], beside={})
    with one_run(store, Work.TELL, NOON, after=0) as other:
        assert other is not None, "the other half is another's"
        other(problems=[], beside={})


AT_WORK = """
import sys, time
from datetime import UTC, datetime
from pedigreed.model.work import Work
from pedigreed.service.one_run import one_run
from pedigreed.store import deliveries
from pedigreed.store.database import Store
from pedigreed.store.live_processes import Life
now = datetime(2026, 11, 21, 12, tzinfo=UTC)
with Store(sys.argv[1]) as store, one_run(store, Work.ASK, now), store.alive(Life.SENDING, 7):
    with store.writing() as connection:
        assert deliveries.claim(connection, "keep", now, now.replace(hour=13), 1, owner=7)
    print("at work", flush=True)
    time.sleep(600)
"""


@pytest.mark.process
@pytest.mark.failure("a process that shares a store is killed")
def test_what_a_killed_process_was_at_is_taken_up_by_another_and_not_before(postgresql_url: str) -> None:
    with Store(postgresql_url) as store:
        messages = [Message(f"{number}@obs.example", "keep", "", "", "news", b"bytes") for number in range(2)]
        with store.writing() as connection:
            stored_deliveries.enqueue(connection, None, messages, NOON)
        with subprocess.Popen([sys.executable, "-c", AT_WORK, postgresql_url], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"at work\n"
            take_up_lost(store, NOON + MINUTE)
            assert last(store).ended_at is None
            with store.reading() as connection:
                assert stored_deliveries.waiting(connection)["keep"].next_at == NOON
                assert stored_deliveries.owners(connection) == {7}
            process.kill()
        deadline = time.monotonic() + 30
        while last(store).ended_at is None:
            assert time.monotonic() < deadline
            take_up_lost(store, NOON + MINUTE)
        assert last(store).problem == INTERRUPTED
        with store.writing() as connection:
            assert stored_deliveries.owners(connection) == set(), "it is taken up once"
            taken = stored_deliveries.claim(connection, "keep", NOON + MINUTE, NOON + timedelta(hours=1), 2)
        assert [each.maybe_repeated for each in taken] == [True, False]


def test_a_run_that_ends_well_is_nobodys_to_take_up(store: Store) -> None:
    with one_run(store, Work.ASK, NOON) as end:
        take_up_lost(store, NOON + MINUTE)
        assert last(store).ended_at is None
        assert end is not None
        end(problems=[], beside={})
    take_up_lost(store, NOON + MINUTE)
    assert last(store).problem is None
