"""Which sources of CRDS's news a configuration names, and when each is read."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigreed.config.settings import Config
from pedigreed.model.news_source import SourceState
from pedigreed.schedule import last_turn, next_turn
from pedigreed.service.news_sources import (
    AHEAD,
    LONGEST_WAIT,
    RETRIES,
    Listed,
    is_awaited,
    is_reading_due,
    news_sources,
)
from pedigreed.sources.source import CRDS_SERVER as SERVER

if TYPE_CHECKING:
    from pedigreed.sources.source import Source

LISTS = "https://lists.example/scripts/wa.exe?RSS&L={}&v=2.0"
URL = "https://crds.example"
MAILS = "/var/mail/p"


def config(*reports: str, **sources: Any) -> Config:  # noqa: ANN401  # YAML
    return Config.model_validate(
        {
            "sources": sources,
            "channels": {"keep": {"folder": {"path": "/kept"}}},
            "subscriptions": [
                {
                    "name": f"s{number}",
                    "watch": {"programs": [1180]},
                    "crds": {"report": report},
                    "deliver": [{"channel": "keep"}],
                }
                for number, report in enumerate(reports or ("affected",))
            ],
        },
        strict=False,
    )


def names(found: Config) -> list[str]:
    return [each.name for each in news_sources(found)]


@pytest.mark.parametrize(
    ("sources", "hears"),
    [
        ({}, True),
        ({"crds": {"url": "none"}}, False),
        ({"crds": {"url": "none", "feeds": [{"url": LISTS.format("x")}]}}, True),
        ({"crds": {"url": "none"}, "mailbox": {"maildir": MAILS}}, True),
    ],
)
def test_crds_is_heard_of_where_there_is_a_source(sources: dict[str, Any], hears: bool) -> None:
    found = config(**sources)
    assert found.hears_of_crds is hears
    assert bool(news_sources(found)) is hears


def test_without_a_word_of_it_the_server_alone_is_asked() -> None:
    [server] = news_sources(config())
    assert (server.name, server.every) == (SERVER, timedelta(hours=6))


def test_the_server_is_first_and_the_mailbox_last() -> None:
    feeds = [{"url": LISTS.format(name)} for name in ("NIRCAM", "MIRI")]
    found = config(crds={"url": URL, "feeds": feeds}, mailbox={"mbox": MAILS})
    assert names(found) == [SERVER, "NIRCAM at lists.example", "MIRI at lists.example", f"mailbox {MAILS}"]


def test_a_server_that_is_not_to_be_asked_is_not() -> None:
    assert names(config(crds={"url": "none"})) == []


def test_a_feed_that_is_named_twice_is_read_once() -> None:
    feeds = [{"url": LISTS.format("MIRI")}, {"url": LISTS.format("MIRI")}]
    assert names(config(crds={"url": "none", "feeds": feeds})) == ["MIRI at lists.example"]


def test_where_nobody_wants_to_hear_of_crds_only_mails_are_read() -> None:
    """They tell of MAST's products too."""
    sources = {"crds": {"url": URL, "feeds": [{"url": LISTS.format("MIRI")}]}, "mailbox": {"mbox": MAILS}}
    assert names(config("none", "none", **sources)) == [f"mailbox {MAILS}"]
    assert len(names(config("none", "all", **sources))) == 3


def test_each_has_its_own_rhythm() -> None:
    found = config(
        crds={"every": "2h", "feeds": [{"url": LISTS.format("MIRI")}]}, mailbox={"mbox": MAILS, "every": "1m"}
    )
    rhythms = [each.every for each in news_sources(found)]
    assert rhythms == [timedelta(hours=2), timedelta(hours=2), timedelta(minutes=1)]


@pytest.mark.parametrize("place", [0.0, 0.3, 0.999])
def test_each_has_a_turn_of_its_own_that_follows_from_the_installation(place: float) -> None:
    found = config(crds={"feeds": [{"url": LISTS.format("MIRI")}]}, mailbox={"mbox": MAILS})
    here = [each.place for each in news_sources(found, place=place)]
    assert len(set(here)) == 3
    assert all(0 <= each < 1 for each in here)
    there = [each.place for each in news_sources(found, place=(place + 0.1) % 1)]
    assert {round((b - a) % 1, 9) for a, b in zip(here, there, strict=True)} == {0.1}


@pytest.mark.process
def test_what_reads_them_is_not_loaded_before_they_are_read() -> None:
    script = "import sys, pedigreed.service.news_sources; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) & {"feedparser", "imap_tools", "requests", "aiohttp", "lxml"} == set()


NOW = datetime(2026, 11, 20, 6, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)

moments = st.datetimes(datetime(2024, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # hypothesis wants them so
places = st.floats(0, 1, exclude_max=True)
lengths = st.timedeltas(SECOND, timedelta(days=30))


def listed(every: timedelta = 6 * HOUR, place: float = 0.0) -> Listed:
    return Listed("CRDS", every, place, _never)


def _never() -> Source:
    raise AssertionError("nothing is opened before it is read")


def state(asked_at: datetime, failures: int = 0) -> SourceState:
    return SourceState("CRDS", asked_at, None, failures, "it is down" if failures else None)


def test_what_was_never_read_is_due() -> None:
    assert is_reading_due(listed(), None, NOW)
    assert is_awaited(listed(), None, NOW)


def test_a_source_is_due_once_each_turn() -> None:
    turn = last_turn(6 * HOUR, 0.25, NOW)
    assert not is_reading_due(listed(place=0.25), state(turn), turn + 6 * HOUR - SECOND)
    assert is_reading_due(listed(place=0.25), state(turn), turn + 6 * HOUR)
    assert not is_reading_due(listed(place=0.25), state(turn + 6 * HOUR), turn + 6 * HOUR)


def test_what_was_read_late_is_read_at_its_next_turn_all_the_same() -> None:
    turn = last_turn(6 * HOUR, 0.0, NOW)
    assert is_reading_due(listed(), state(turn - SECOND), turn)


@pytest.mark.parametrize(
    ("failures", "pause"), [(1, RETRIES[0]), (2, RETRIES[1]), (3, RETRIES[2]), (9, RETRIES[2])]
)
def test_what_failed_is_read_again_after_pauses_that_grow(failures: int, pause: timedelta) -> None:
    source, turn = listed(timedelta(days=30)), last_turn(timedelta(days=30), 0.0, NOW)
    assert not is_reading_due(source, state(turn, failures), turn + pause - SECOND)
    assert is_reading_due(source, state(turn, failures), turn + pause)


def test_no_pause_is_longer_than_the_rhythm() -> None:
    turn = last_turn(MINUTE, 0.0, NOW)
    assert is_reading_due(listed(MINUTE), state(turn, failures=5), turn + MINUTE)


def test_a_reading_that_a_clock_far_ahead_dated_holds_up_nothing() -> None:
    assert not is_reading_due(listed(), state(NOW + AHEAD), NOW)
    assert is_reading_due(listed(), state(NOW + AHEAD + SECOND), NOW)


def test_a_digest_waits_for_no_source_that_was_read_a_moment_ago() -> None:
    often = listed(SECOND)
    young, old = state(NOW - LONGEST_WAIT + SECOND), state(NOW - LONGEST_WAIT)
    assert is_reading_due(often, young, NOW)
    assert not is_awaited(often, young, NOW)
    assert is_awaited(often, old, NOW)


@given(every=lengths, place=places, now=moments)
def test_a_source_that_was_just_read_is_due_again_within_its_rhythm(
    every: timedelta, place: float, now: datetime
) -> None:
    source = listed(every, place)
    assert not is_reading_due(source, state(now), now)
    assert is_reading_due(source, state(now), next_turn(every, place, now))


@given(every=lengths, now=moments, here=places, there=places)
def test_two_installations_have_their_turns_as_far_apart_as_their_places(
    every: timedelta, now: datetime, here: float, there: float
) -> None:
    apart = (last_turn(every, here, now) - last_turn(every, there, now)) % every
    expected = every * there - every * here
    assert min((apart - expected) % every, (expected - apart) % every) <= timedelta(microseconds=2)
