"""Changes are kept once, and told once per subscription, on both databases."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from examples import examples
from pedigreed.model.campaign import Moved
from pedigreed.model.change import Change, ChangeKind
from pedigreed.model.failure import TryAgain
from pedigreed.model.instrument import Instrument
from pedigreed.model.pedigree import Pedigree
from pedigreed.store import changes, periods
from pedigreed.store.database import Store
from pedigreed.store.tables import watched

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
OLD = Pedigree("1.20.2", "jwst_1464.pmap", NOON - timedelta(days=300))
NEW_KEYWORDS = ("2.0.1", "jwst_1535.pmap")
NEW = Pedigree(*NEW_KEYWORDS, NOON)

text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
instants = st.datetimes(timezones=st.just(UTC)).map(
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)
small = st.integers(0, 2**31 - 1)
pedigrees = st.builds(Pedigree, st.none() | text, st.none() | text, st.none() | instants)
every_change = st.builds(
    Change,
    kind=st.sampled_from(ChangeKind),
    filename=text,
    instrument=st.sampled_from(Instrument),
    program=small,
    observation=st.none() | small,
    level=text,
    fileset=text,
    revision=small,
    before=st.none() | pedigrees,
    after=st.none() | pedigrees,
    seen_at=instants,
    archived_at=st.none() | instants,
    public_at=st.none() | instants,
)


class _Undo(Exception):
    pass


def change(name: str = "a_cal.fits", program: int = 1180, seen_at: datetime = NOON) -> Change:
    return Change(
        ChangeKind.REPROCESSED, name, Instrument.NIRCAM, program, 7, "2b", "a", 1, OLD, NEW, seen_at, NOON, NOON
    )


def record(store: Store, *news: Change) -> None:
    with store.writing() as connection:
        changes.record(connection, news)


def watch(store: Store, subscription: str = "jades", instrument: Instrument = Instrument.NIRCAM) -> None:
    with store.writing() as connection:
        periods.begin_watching(connection, {subscription: {(instrument, 1180)}})


def untold(store: Store, subscription: str = "jades") -> list[tuple[int, Change]]:
    with store.reading() as connection:
        keys = changes.uncovered_keys(connection, {subscription: [1180]})[subscription]
        return list(zip(keys, changes.load(connection, keys), strict=True))


@settings(max_examples=examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(news=st.lists(every_change, max_size=4, unique_by=lambda change: change.identity))
def test_whatever_a_change_says_comes_back_newest_first(store: Store, news: list[Change]) -> None:
    found: list[Change] = []
    with suppress(_Undo), store.writing() as connection:
        changes.record(connection, news)
        found = changes.history(connection, [])
        raise _Undo
    assert found == news[::-1]


def test_the_same_change_from_two_sources_is_one(store: Store) -> None:
    heard_later = change(seen_at=NOON + timedelta(hours=3))
    assert heard_later.identity == change().identity
    record(store, change())
    record(store, heard_later, change("b_cal.fits"))
    with store.reading() as connection:
        assert changes.history(connection, []) == [change("b_cal.fits"), change()]


def test_the_same_change_twice_in_one_answer_is_one(store: Store) -> None:
    watch(store)
    record(store, change(), change())
    assert [found for _, found in untold(store)] == [change()]


def test_recording_nothing_records_nothing(store: Store) -> None:
    record(store)
    with store.reading() as connection:
        assert changes.history(connection, []) == []


def test_history_is_chosen_by_program_file_and_length(store: Store) -> None:
    one, other, third = change(), change("b_cal.fits", 1181), change("c_cal.fits")
    record(store, one, other, third)
    with store.reading() as connection:
        assert changes.history(connection, [1180]) == [third, one]
        assert changes.history(connection, [1180, 1181], filename="b_cal.fits") == [other]
        assert changes.history(connection, [1180], filename="b_cal.fits") == []
        assert changes.history(connection, [], limit=2) == [third, other]


def let_go(store: Store, *subscriptions: str, seen_by: datetime = NOON + timedelta(days=9)) -> int:
    with store.writing() as connection:
        return changes.let_some_go(connection, subscriptions, seen_by, 100)


def cover(store: Store, subscription: str, *keys: int) -> None:
    with store.writing() as connection:
        changes.mark_covered(connection, subscription, "2026-11-22", keys)


def test_what_one_is_still_to_be_told_is_not_let_go(store: Store) -> None:
    watch(store)
    watch(store, "ceers")
    names = [f"{letter}_cal.fits" for letter in "abcdef"]
    record(store, *map(change, names))
    keys = [key for key, _ in untold(store)]
    cover(store, "jades", *keys[:4])
    cover(store, "ceers", *keys[:1], *keys[3:])
    assert let_go(store, "jades", "ceers") == 2
    assert [known.filename for _, known in untold(store)] == names[4:]
    assert [known.filename for _, known in untold(store, "ceers")] == names[1:3]
    assert let_go(store, "jades") == 2, "who is in the configuration no more waits for nothing"
    assert [known.filename for _, known in untold(store)] == names[4:]


def test_who_began_to_watch_later_is_told_of_what_comes_after_others_were_let_go(store: Store) -> None:
    watch(store)
    record(store, change("a_cal.fits"), change("b_cal.fits"))
    cover(store, "jades", *(key for key, _ in untold(store)))
    watch(store, "ceers")
    let_go(store, "jades", "ceers")
    assert let_go(store, "jades", "ceers") == 0
    record(store, change("c_cal.fits"))
    assert [known.filename for _, known in untold(store, "ceers")] == ["c_cal.fits"]
    assert [known.filename for _, known in untold(store)] == ["c_cal.fits"]


def looked_after(store: Store, *subscriptions: str) -> dict[str, int]:
    """Subscription -> the change after which it is looked for what is to be told."""
    with store.writing() as connection:
        changes.pass_over_told(connection, subscriptions)
        return {row.subscription: row.after_change for row in connection.execute(select(watched))}


def test_what_was_told_is_passed_over_up_to_the_first_that_waits(store: Store) -> None:
    watch(store)
    watch(store, "ceers")
    record(store, *(change(f"{letter}_cal.fits") for letter in "abcd"))
    keys = [key for key, _ in untold(store)]
    began = looked_after(store, "jades", "ceers")["jades"]
    cover(store, "jades", *keys[1:3])
    cover(store, "ceers", *keys)
    assert looked_after(store, "jades") == {"jades": began, "ceers": began}
    assert [key for key, _ in untold(store)] == [keys[0], keys[3]]
    cover(store, "jades", keys[0])
    assert looked_after(store, "jades", "ceers") == {"jades": keys[2], "ceers": keys[3]}
    assert [key for key, _ in untold(store)] == keys[3:]
    record(store, change("e_cal.fits"))
    assert [known.filename for _, known in untold(store, "ceers")] == ["e_cal.fits"]


def test_what_somebody_still_records_is_not_passed_over(postgresql_url: str) -> None:
    """Only a server lets two write at once."""
    with Store(postgresql_url) as store:
        watch(store)
        with store.writing() as slow:
            changes.record(slow, [change("slow_cal.fits")])
            record(store, change("a_cal.fits"))
            [(key, _)] = untold(store)
            cover(store, "jades", key)
            assert looked_after(store, "jades")["jades"] < key
        [(slow_key, found)] = untold(store)
        assert (found.filename, slow_key < key) == ("slow_cal.fits", True)
        cover(store, "jades", slow_key)
        assert looked_after(store, "jades") == {"jades": key}


def test_of_an_empty_store_nothing_is_let_go(store: Store) -> None:
    assert let_go(store, "jades") == 0


def test_only_what_came_after_the_watch_began_is_untold(store: Store) -> None:
    record(store, change("before_cal.fits"))
    watch(store)
    elsewhere = change("elsewhere_cal.fits", program=1181)
    at, earlier = change("at_cal.fits"), change("earlier_cal.fits", seen_at=NOON - timedelta(days=400))
    record(store, elsewhere, at, earlier)
    assert [found for _, found in untold(store)] == [at, earlier], "the order counts, and no clock"
    watch(store)
    assert [found for _, found in untold(store)] == [at, earlier], "beginning again changes nothing"
    assert untold(store, "ceers") == [], "it watches nothing"
    watch(store, "ceers")
    watch(store, "cosmos", Instrument.MIRI)
    record(store, change("last_cal.fits"))
    assert [found for _, found in untold(store, "ceers")] == [change("last_cal.fits")]
    assert untold(store, "cosmos") == []
    with store.reading() as connection:
        of_each = changes.uncovered_keys(connection, {"jades": [], "ceers": [1180], "cosmos": [1180]})
    assert {name: len(keys) for name, keys in of_each.items()} == {"jades": 0, "ceers": 1, "cosmos": 0}


def test_the_baseline_of_a_pair_is_told_once(store: Store) -> None:
    nircam, miri = (Instrument.NIRCAM, 1180), (Instrument.MIRI, 1180)
    with store.writing() as connection:
        periods.begin_watching(connection, {"jades": {nircam, miri}})
        assert periods.introduced(connection, ["jades"]) == {"jades": set()}
        periods.introduce(connection, "jades", "2026-11-22", [nircam])
    with store.reading() as connection:
        assert periods.introduced(connection, ["jades", "ceers"]) == {"jades": {nircam}, "ceers": set()}


def test_what_is_told_is_not_untold_for_that_subscription_only(store: Store) -> None:
    one, other = change(), change("b_cal.fits")
    watch(store)
    watch(store, "ceers")
    record(store, one, other)
    first_key = untold(store)[0][0]
    with store.writing() as connection:
        changes.mark_covered(connection, "jades", "2026-11-22", [first_key])
    assert [found for _, found in untold(store)] == [other]
    assert [found for _, found in untold(store, "ceers")] == [one, other]


def test_the_database_refuses_to_tell_a_change_twice(store: Store) -> None:
    watch(store)
    record(store, change(), change("b_cal.fits"))
    one, other = (key for key, _ in untold(store))
    with store.writing() as connection:
        changes.mark_covered(connection, "jades", "2026-11-22", [one])
    with pytest.raises(TryAgain, match="kept already"), store.writing() as connection:
        changes.mark_covered(connection, "jades", "2026-11-23", [other, one])
    assert [key for key, _ in untold(store)] == [other], "the refused transaction told nothing"
    with store.writing() as connection:
        changes.mark_covered(connection, "ceers", "2026-11-22", [one, other])


def test_a_change_that_is_not_kept_can_not_be_told(store: Store) -> None:
    with pytest.raises(IntegrityError), store.writing() as connection:
        changes.mark_covered(connection, "jades", "2026-11-22", [404])


def test_a_return_to_an_earlier_pedigree_is_a_change_of_its_own(store: Store) -> None:
    back = structs.replace(change(), before=NEW, after=OLD, revision=2)
    again = structs.replace(change(), revision=3)
    watch(store)
    record(store, change(), back, again)
    assert [found for _, found in untold(store)] == [change(), back, again]


def test_what_moved_together_is_gathered(store: Store) -> None:
    hour = timedelta(hours=1)
    with store.writing() as connection:
        changes.record(
            connection,
            [
                change("a"),
                structs.replace(change("b"), archived_at=NOON - 2 * hour),
                structs.replace(change("c"), archived_at=None, seen_at=NOON + hour),
                # Made anew with the same, it is no nearer to it.
                structs.replace(change("d"), level="2a", before=change("d").after),
                structs.replace(change("e"), kind=ChangeKind.NEW),
                change("f", program=1181),
                change("g", seen_at=NOON - hour),
            ],
        )
    with store.reading() as connection:
        found = changes.moves(connection, [1180], NOON)
        assert changes.moves(connection, [], NOON) == []
    moved = Moved(
        Instrument.NIRCAM, 1180, 7, "2b", *NEW_KEYWORDS, earliest=NOON - 2 * hour, latest=NOON, arrived=2
    )
    later = replace(moved, earliest=NOON + hour, latest=NOON + hour, arrived=1)
    other = replace(moved, level="2a", earliest=NOON, arrived=0)
    assert sorted(found, key=str) == sorted([moved, later, other], key=str)
