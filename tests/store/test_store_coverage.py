"""What was asked and when, and increments that are off, on both databases."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from pedigreed.model.coverage import Coverage
from pedigreed.model.failure import TryAgain
from pedigreed.model.instrument import Instrument
from pedigreed.store import coverage
from pedigreed.store.database import Store

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
NIRCAM, MIRI = Instrument.NIRCAM, Instrument.MIRI
HOUR = timedelta(hours=1)


def load(store: Store) -> dict[tuple[Instrument, int], Coverage]:
    with store.reading() as connection:
        return coverage.load(connection, {1180, 1181})


def test_coverage_comes_back(store: Store) -> None:
    whole = Coverage(NIRCAM, 1180, NOON, NOON + HOUR, NOON + 2 * HOUR, NOON + 3 * HOUR, "a page was short")
    asked_only = Coverage(MIRI, 1181, asked_at=NOON)
    with store.writing() as connection:
        coverage.save(connection, whole)
        coverage.save(connection, asked_only)
        coverage.save(connection, Coverage(MIRI, 1182))
    assert load(store) == {(NIRCAM, 1180): whole, (MIRI, 1181): asked_only}


def test_what_was_asked_is_known_whether_it_was_answered(store: Store) -> None:
    with store.writing() as connection:
        coverage.save(connection, Coverage(NIRCAM, 1180, NOON, NOON + HOUR, NOON + HOUR, NOON + HOUR))
        coverage.save(connection, Coverage(MIRI, 1181, asked_at=NOON, problem="a page was short"))
        coverage.save(connection, Coverage(MIRI, 1182))
    with store.reading() as connection:
        assert coverage.asked(connection) == {(NIRCAM, 1180), (MIRI, 1181)}


def test_later_coverage_takes_the_place_of_earlier(store: Store) -> None:
    with store.writing() as connection:
        coverage.save(connection, Coverage(NIRCAM, 1180, NOON, NOON, None, None, "a page was short"))
        coverage.save(connection, Coverage(MIRI, 1180, NOON))
        coverage.save(connection, Coverage(NIRCAM, 1180, NOON, NOON + HOUR, NOON + HOUR, NOON + HOUR))
    assert load(store) == {
        (NIRCAM, 1180): Coverage(NIRCAM, 1180, NOON, NOON + HOUR, NOON + HOUR, NOON + HOUR),
        (MIRI, 1180): Coverage(MIRI, 1180, NOON),
    }


def test_loading_for_update_adds_the_programs_that_were_never_asked(store: Store) -> None:
    asked = Coverage(NIRCAM, 1180, asked_at=NOON)
    with store.writing() as connection:
        coverage.save(connection, asked)
        coverage.save(connection, Coverage(MIRI, 1180))
        locked = coverage.load(connection, {1181, 1180}, for_update=NIRCAM)
        assert coverage.load(connection, [], for_update=NIRCAM) == {}
    assert locked == {(NIRCAM, 1180): asked, (NIRCAM, 1181): Coverage(NIRCAM, 1181)}
    assert load(store).keys() == {(NIRCAM, 1180), (NIRCAM, 1181), (MIRI, 1180)}


def test_only_one_process_at_a_time_has_a_programs_coverage(hasty_store: Store) -> None:
    with hasty_store.writing() as connection:
        coverage.save(connection, Coverage(NIRCAM, 1180))
    with hasty_store.writing() as connection:
        coverage.load(connection, [1180], for_update=NIRCAM)
        with pytest.raises(TryAgain), hasty_store.writing() as late:
            coverage.load(late, [1180], for_update=NIRCAM)


def test_the_one_who_waited_sees_what_the_other_kept(store: Store) -> None:
    has_it, seen = threading.Event(), []

    def wait_for_it() -> None:
        has_it.wait()
        with store.writing() as connection:
            seen.append(coverage.load(connection, [1180], for_update=NIRCAM)[NIRCAM, 1180].asked_at)

    waiter = threading.Thread(target=wait_for_it)
    waiter.start()
    with store.writing() as connection:
        coverage.load(connection, [1180], for_update=NIRCAM)
        has_it.set()
        coverage.save(connection, Coverage(NIRCAM, 1180, asked_at=NOON))
    waiter.join()
    assert seen == [NOON]


def test_other_programs_are_not_locked_on_a_server(postgresql_url: str) -> None:
    with Store(postgresql_url, busy_seconds=5) as store, store.writing() as connection, store.writing() as other:
        coverage.load(connection, [1180], for_update=NIRCAM)
        coverage.load(other, [1181], for_update=NIRCAM)
        coverage.load(other, [1180], for_update=MIRI)


def test_increments_are_off_until_their_moment(store: Store) -> None:
    until = NOON + HOUR
    with store.writing() as connection:
        coverage.turn_increments_off(connection, NIRCAM, NOON, until, "the limit was ignored")
    expected = {NIRCAM: coverage.IncrementsOff(NIRCAM, NOON, until, "the limit was ignored")}
    with store.reading() as connection:
        assert coverage.increments_off(connection, NOON) == expected
        assert coverage.increments_off(connection, until - timedelta(milliseconds=1)) == expected
        assert coverage.increments_off(connection, until) == {}


def test_turning_increments_off_again_moves_the_moment(store: Store) -> None:
    with store.writing() as connection:
        coverage.turn_increments_off(connection, NIRCAM, NOON, NOON + HOUR, "the limit was ignored")
        coverage.turn_increments_off(connection, MIRI, NOON, NOON + HOUR, "the limit was ignored")
        coverage.turn_increments_off(connection, NIRCAM, NOON + HOUR, NOON + 3 * HOUR, "a sweep found more")
    with store.reading() as connection:
        assert coverage.increments_off(connection, NOON + 2 * HOUR) == {
            NIRCAM: coverage.IncrementsOff(NIRCAM, NOON + HOUR, NOON + 3 * HOUR, "a sweep found more")
        }
