"""Runs of work: each is kept with its end, however it ends."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from pedigreed.model.failure import TryAgain
from pedigreed.model.work import Run, Work
from pedigreed.service.one_run import one_run
from pedigreed.store import runs
from pedigreed.store.database import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


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
