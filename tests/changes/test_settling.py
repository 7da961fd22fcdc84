from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from folding import fold
from pedigreed.changes.settling import Settled, Uncovered, in_history, settled
from pedigreed.model.change import Change, ChangeKind
from pedigreed.model.instrument import Instrument
from pedigreed.model.pedigree import Pedigree

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from random import Random

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NIRCAM, MIRI = Instrument.NIRCAM, Instrument.MIRI
ANSWERED = {(NIRCAM, 1180): NOW, (NIRCAM, 1181): NOW, (MIRI, 1180): NOW}
OLD = Pedigree("1.20.2", "jwst_1464.pmap", datetime(2025, 11, 2, tzinfo=UTC))


def made(cal_ver: str, at: datetime) -> Pedigree:
    return Pedigree(cal_ver, "jwst_1535.pmap", at)


def moved(
    ago: timedelta,
    *,
    name: str = "a",
    program: int = 1180,
    instrument: Instrument = NIRCAM,
    kind: ChangeKind = ChangeKind.REPROCESSED,
    before: Pedigree | None = OLD,
    after: Pedigree | None = None,
    revision: int = 1,
    seen: timedelta | None = None,
    is_dated: bool = True,
) -> Change:
    """A change that the archive took in, and that was seen, so long before now."""
    return Change(
        kind=kind,
        filename=name,
        instrument=instrument,
        program=program,
        observation=7,
        level="2b",
        fileset=name,
        revision=revision,
        before=before,
        after=None if kind is ChangeKind.WITHDRAWN else after or made("2.0.1", NOW - ago),
        seen_at=NOW - (ago if seen is None else seen),
        archived_at=NOW - ago if is_dated else None,
    )


def judged(
    *changes: Change,
    settle: timedelta | None = DAY,
    answered: Mapping[tuple[Instrument, int], datetime] = ANSWERED,
) -> Settled:
    keyed = sorted(enumerate(changes), key=lambda each: in_history(each[1]))
    return settled(keyed, settle=settle, answered=answered, now=NOW)


def test_without_settle_nothing_waits() -> None:
    assert judged(moved(HOUR), settle=None).waits == frozenset()
    assert judged(moved(HOUR), settle=None).ready == (moved(HOUR),)


@pytest.mark.parametrize(("ago", "waits"), [(23 * HOUR, True), (24 * HOUR, False), (-HOUR, True)])
def test_a_program_waits_until_it_has_been_quiet(ago: timedelta, waits: bool) -> None:  # a table
    result = judged(moved(5 * DAY), moved(ago, name="b"))
    assert len(result.waiting) == (2 if waits else 0)
    assert result.waits == (frozenset((0, 1)) if waits else frozenset())


def test_each_program_waits_for_itself() -> None:
    result = judged(moved(HOUR), moved(2 * DAY, name="b", program=1181))
    assert [change.program for change in result.ready] == [1181]
    assert result.waits == {0}


def test_all_targets_and_instruments_of_a_program_wait_for_its_last_move() -> None:
    result = judged(
        moved(2 * DAY, after=made("2.0.0", NOW)),
        moved(HOUR, name="b", after=made("2.0.1", NOW)),
        moved(2 * DAY, name="c", instrument=MIRI),
    )
    assert result.ready == ()
    assert result.waits == {0, 1, 2}


def test_where_the_archive_does_not_say_when_the_moment_of_seeing_counts() -> None:
    assert judged(moved(9 * DAY, seen=HOUR, is_dated=False)).waits == {0}
    assert judged(moved(9 * DAY, seen=25 * HOUR, is_dated=False)).waits == frozenset()


def test_nothing_is_quiet_without_a_complete_answer_since() -> None:
    change = moved(30 * HOUR)
    assert judged(change, answered={}).waits == {0}
    assert judged(change, answered={(NIRCAM, 1180): NOW - 7 * HOUR}).waits == {0}
    assert judged(change, answered={(NIRCAM, 1180): NOW - 6 * HOUR}).waits == frozenset()
    assert judged(change, answered={(NIRCAM, 1180): NOW + 99 * DAY}).waits == frozenset(), "a clock was wrong"
    assert judged(moved(HOUR), answered={(NIRCAM, 1180): NOW + 99 * DAY}).waits == {0}


def test_the_answers_of_an_instrument_without_moves_do_not_matter() -> None:
    assert judged(moved(30 * HOUR), answered={(NIRCAM, 1180): NOW}).waits == frozenset()


@pytest.mark.parametrize(
    ("settle", "limit"), [(HOUR, 7 * DAY), (DAY, 7 * DAY), (2 * DAY, 14 * DAY)], ids=["hour", "day", "two days"]
)
def test_nothing_waits_for_ever(settle: timedelta, limit: timedelta) -> None:
    still = moved(HOUR / 2, name="b")
    assert judged(moved(limit - HOUR), still, settle=settle).waits == {0, 1}
    assert judged(moved(limit), still, settle=settle).waits == frozenset()
    long_ago = moved(99 * DAY, seen=HOUR)
    assert judged(long_ago, still, settle=settle).waits == {0, 1}, "it waits since it was seen"


@pytest.mark.parametrize("kind", sorted(set(ChangeKind) - {ChangeKind.REPROCESSED, ChangeKind.NO_LONGER_STALE}))
def test_what_is_no_reprocessing_is_told_at_once(kind: ChangeKind) -> None:
    before = None if kind in {ChangeKind.NEW, ChangeKind.FIRST} else OLD
    after = Pedigree("1.19.1", "jwst_1408.pmap", NOW) if kind is ChangeKind.REGRESSED else None
    alone = moved(HOUR, name="b", kind=kind, before=before, after=after)
    result = judged(moved(HOUR), alone)
    assert [change.kind for change in result.ready] == [kind]
    assert result.waits == {0}


def test_a_product_that_comes_to_more_than_a_reprocessing_is_told_with_all_that_led_to_it() -> None:
    gone = moved(HOUR, kind=ChangeKind.WITHDRAWN, before=made("2.0.1", NOW), revision=2)
    result = judged(moved(2 * HOUR), gone)
    assert [(change.kind, change.before) for change in result.ready] == [(ChangeKind.WITHDRAWN, OLD)]
    assert result.waits == frozenset()


def test_a_product_that_went_and_came_back_waits_for_nothing() -> None:
    back = moved(HOUR, kind=ChangeKind.REGRESSED, before=made("2.0.1", NOW), after=OLD, revision=2)
    assert judged(moved(2 * HOUR), back) == Settled(ready=())


def test_a_flag_that_the_reprocessing_took_away_waits_with_it() -> None:
    cleared = moved(HOUR, kind=ChangeKind.NO_LONGER_STALE, revision=2)
    assert judged(moved(HOUR), cleared).waits == {0, 1}
    assert judged(cleared).waits == frozenset(), "alone it is news"


def test_a_flag_that_is_set_on_what_waits_is_told_at_once() -> None:
    flag = moved(HOUR, kind=ChangeKind.STALE, revision=2)
    result = judged(moved(HOUR), flag)
    assert [change.kind for change in result.ready] == [ChangeKind.STALE]
    assert result.waits == {0}
    cleared = moved(HOUR, kind=ChangeKind.NO_LONGER_STALE, revision=3)
    result = judged(moved(HOUR), flag, cleared)
    assert not result.ready, "a flag that came and went is no news"
    assert result.waits == {0}


HISTORIES = st.lists(
    st.builds(
        moved,
        st.integers(0, 15 * 24).map(lambda hours: hours * HOUR),
        name=st.sampled_from("abc"),
        program=st.just(1180),
        kind=st.sampled_from(ChangeKind),
        before=st.sampled_from([None, OLD, made("2.0.1", NOW)]),
        after=st.sampled_from([OLD, made("2.0.0", NOW), made("2.0.1", NOW)]),
        revision=st.integers(1, 9),
    ),
    max_size=12,
    unique_by=lambda change: (change.filename, change.revision),
)


def reprocessed(changes: Iterable[Change]) -> list[Change]:
    return [change for change in changes if change.kind is ChangeKind.REPROCESSED]


@given(HISTORIES, st.sampled_from([None, HOUR, DAY, 3 * DAY]))
def test_what_is_told_and_what_waits_are_all_there_is(history: list[Change], settle: timedelta | None) -> None:
    result = judged(*history, settle=settle)
    assert sorted([*result.ready, *result.waiting], key=str) == sorted(fold(history), key=str)
    later = fold(change for key, change in enumerate(history) if key in result.waits)
    assert reprocessed(later) == reprocessed(result.waiting), "what waits comes to the same later"
    assert {change.kind for change in result.waiting} <= {ChangeKind.REPROCESSED, ChangeKind.NO_LONGER_STALE}


@given(HISTORIES, st.randoms(use_true_random=False))
def test_read_from_the_store_it_is_folded_as_a_list_in_any_order_is(history: list[Change], random: Random) -> None:
    shuffled = random.sample(history, len(history))
    stream = Uncovered.of((key, change) for key, change in enumerate(sorted(history, key=in_history)))
    assert settled(stream, settle=None, answered={}, now=NOW).ready == fold(shuffled)
    assert stream.kinds == {change.kind for change in history}
    assert list(stream.keys) == list(range(len(history)))
