"""What is heard of CRDS is kept once, and each subscription is told of it once, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import update

from pedigreed.model.context_use import ContextsInUse
from pedigreed.model.instrument import Instrument
from pedigreed.model.news_source import SourceState
from pedigreed.model.notice import Announcement, ChangeLevel, Facts, Medium, NoticeKind
from pedigreed.store import announcements, coverage, tables

if TYPE_CHECKING:
    from pedigreed.store.database import Store

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
FACTS = Facts(
    kind=NoticeKind.DELIVERY,
    context="jwst_1583",
    before="jwst_1582",
    files=("jwst_miri_flat_0500.fits",),
    instruments=(Instrument.MIRI,),
    reference_types=("flat",),
    modes=("MRS",),
    change_level=ChangeLevel.SEVERE,
    delivered_at=NOON - HOUR,
    activated_at=NOON,
)


def said(identity: str, source: str = "CRDS", text: str = "New MIRI flats.") -> Announcement:
    return Announcement(
        source, Medium.SERVER, identity, NOON, f"about {identity}", text, "https://crds.example/x", FACTS
    )


def keep(store: Store, *what: Announcement, now: datetime = NOON, was_there: bool = False) -> list[Announcement]:
    with store.writing() as connection:
        return announcements.keep(connection, what, now, was_there=was_there)


def test_an_announcement_comes_back_as_it_was_said(store: Store) -> None:
    keep(store, said("a"), was_there=True)
    with store.reading() as connection:
        [heard] = announcements.load(connection)
    assert (heard.announcement, heard.heard_at, heard.was_there) == (said("a"), NOON, True)


def test_what_a_source_says_again_is_not_kept_again(store: Store) -> None:
    assert keep(store, said("a"), said("a")) == [said("a")]
    assert keep(store, said("a", text="changed"), said("b"), said("a", "a feed")) == [
        said("b"),
        said("a", "a feed"),
    ]
    with store.reading() as connection:
        assert [heard.announcement.text for heard in announcements.load(connection)] == ["New MIRI flats."] * 3


def test_what_a_reader_read_is_kept_with_it_and_read_again_by_another(store: Store) -> None:
    keep(store, said("a"), said("b"))
    with store.writing() as connection:
        b, a = announcements.not_read_by(connection, "first", 9)
        announcements.keep_read(connection, {a.key: FACTS, b.key: Facts()}, "first")
        announcements.keep_read(connection, {}, "first")
    with store.reading() as connection:
        assert [(heard.facts_read, heard.read_by) for heard in announcements.load(connection)] == [
            (FACTS, "first"),
            (Facts(), "first"),
        ]
        assert announcements.not_read_by(connection, "first", 9) == []
        assert announcements.not_read_by(connection, "second", 1) == [b]


def test_what_a_version_with_other_nouns_read_is_not_taken(store: Store) -> None:
    keep(store, said("a"))
    with store.writing() as connection:
        connection.execute(update(tables.announcements).values(told='{"kind": "of later times"}', read_by="later"))
        [heard] = announcements.load(connection)
    assert (heard.announcement, heard.facts_read) == (said("a"), None)


def test_a_subscription_listens_from_its_begin_on(store: Store) -> None:
    keep(store, said("a"))
    with store.writing() as connection:
        assert announcements.listens_after(connection, ["jades"]) == {}
        announcements.begin(connection, ["jades"])
    keep(store, said("b"))
    with store.writing() as connection:
        announcements.begin(connection, ["jades"])
        [a, b] = announcements.load(connection)
        after = announcements.listens_after(connection, ["jades"])["jades"]
    assert a.key <= after < b.key


def test_what_a_period_covers_is_told_to_its_subscription_alone(store: Store) -> None:
    keep(store, said("a"), said("b"))
    with store.writing() as connection:
        [a, b] = announcements.load(connection)
        announcements.mark_covered(connection, "jades", "2026-11-21", [a.key])
        announcements.mark_covered(connection, "jades", "2026-11-22", [a.key, b.key])
        announcements.mark_covered(connection, "jades", "2026-11-22", [])
        found = announcements.covered(connection, ["jades", "miri-team"], [a.key, b.key])
        assert found == {"jades": {a.key, b.key}, "miri-team": frozenset()}
        assert announcements.covered(connection, ["jades"], [b.key]) == {"jades": {b.key}}


def test_how_a_source_stands_is_kept(store: Store) -> None:
    first = SourceState("CRDS", NOON, None, 1, "no answer", None)
    then = SourceState("CRDS", NOON + HOUR, NOON + HOUR, 0, None, '{"latest": "jwst_1583"}')
    feed = SourceState("a feed", NOON)
    with store.writing() as connection:
        for state in (first, feed, then):
            announcements.save_source(connection, state)
        assert announcements.load_sources(connection) == {"CRDS": then, "a feed": feed}


def test_the_contexts_in_use_are_the_last(store: Store) -> None:
    with store.writing() as connection:
        assert announcements.load_contexts(connection) is None
        for contexts in (
            ContextsInUse("jwst_1583", NOON, "jwst_1535", "2.0.1"),
            ContextsInUse("jwst_1584", NOON, None, None),
            ContextsInUse("jwst_1585", None, "jwst_1535", None),
        ):
            announcements.save_contexts(connection, contexts)
            assert announcements.load_contexts(connection) == contexts


def test_a_program_is_wanted_until_it_was_asked_for_since(store: Store) -> None:
    with store.writing() as connection:
        coverage.report_programs(connection, [1180, 1181], NOON)
        coverage.report_programs(connection, [1181, 1210], NOON + HOUR)
        coverage.report_programs(connection, [], NOON)
        assert coverage.reported_programs(connection) == {1180: NOON, 1181: NOON + HOUR, 1210: NOON + HOUR}
        coverage.forget_reported(connection, [1180, 1210], NOON)
        assert coverage.reported_programs(connection) == {1181: NOON + HOUR, 1210: NOON + HOUR}
        # A clock that was far ahead made them wanted.
        coverage.forget_reported(connection, [1181], NOON - 24 * HOUR)
        assert coverage.reported_programs(connection) == {1210: NOON + HOUR}
