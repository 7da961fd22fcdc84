"""What is to be done now, as the store has it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from faults import ServerError
from pedigreed.delivery.folder import FolderChannel
from pedigreed.model.delivery import Message
from pedigreed.model.news_source import SourceState
from pedigreed.model.pause import Mute, Pause, Paused
from pedigreed.model.work import Work
from pedigreed.service import news_sources
from pedigreed.service.agenda import WANTED_PAUSE, Agenda, agenda
from pedigreed.service.ask_times import LEAD
from pedigreed.service.cycle import Outgoing, ask, tell
from pedigreed.service.news_sources import LONGEST_WAIT
from pedigreed.service.one_run import one_run
from pedigreed.sources.mast.archive import MastArchive
from pedigreed.store import announcements as stored_announcements
from pedigreed.store import coverage as stored_coverage
from pedigreed.store import deliveries as stored_deliveries
from pedigreed.store import pauses as stored_pauses
from pedigreed.store import runs as stored_runs
from watcher import DAY_0, QUICK

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from pedigreed.config.settings import Config
    from watcher import Watcher

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NOTHING: frozenset[Work] = frozenset()
ASK, LISTEN, TELL = (frozenset({work}) for work in (Work.ASK, Work.LISTEN, Work.TELL))
# Digests are at 6:00, so half of the spread is at 4:45.
HALFWAY = 0.5
PLANNED = DAY_0 - 75 * MINUTE


def read(
    watcher: Watcher, now: datetime, config: Config | None = None, *, left_alone: Collection[Work] = ()
) -> Agenda:
    with watcher.store.reading() as connection:
        return agenda(connection, config or watcher.config, HALFWAY, now, left_alone=left_alone)


def asked(watcher: Watcher, now: datetime, config: Config | None = None) -> None:
    watcher.recorded.now = now
    with MastArchive(watcher.recorded.url, "pedigreed/test", patience=QUICK) as archive:
        ask(config or watcher.config, watcher.store, archive, now=now)


def told(watcher: Watcher, now: datetime, config: Config | None = None, *, has_asked: bool = False) -> Outgoing:
    channels = {"keep": FolderChannel(watcher.folder)}
    return tell(config or watcher.config, "pedigreed.yaml", watcher.store, channels, now=now, has_asked=has_asked)


def begun(watcher: Watcher, now: datetime, work: Work = Work.ASK) -> None:
    """Work that goes on, or whose process was killed."""
    with watcher.store.writing() as connection:
        stored_runs.begin(connection, work, now)


def heard(watcher: Watcher, now: datetime, *, failures: int = 0) -> None:
    """The server was read, and whatever goes on is over."""
    with watcher.store.writing() as connection:
        problem = "it is down" if failures else None
        stored_announcements.save_source(connection, SourceState("CRDS", now, now, failures, problem))
        stored_runs.break_off(connection, Work.LISTEN, "it is over", now)


def wants(watcher: Watcher, program: int, now: datetime) -> None:
    with watcher.store.writing() as connection:
        stored_coverage.report_programs(connection, {program}, now)


@pytest.fixture
def settled(watcher: Watcher) -> Watcher:
    """A store after its first day."""
    watcher.holdings.add(1180, 2)
    watcher.cycle(DAY_0)
    assert read(watcher, DAY_0 + MINUTE).due == NOTHING
    return watcher


def test_at_first_the_archive_is_asked_and_the_digest_waits_for_the_answer(watcher: Watcher) -> None:
    now = DAY_0 + HOUR
    assert read(watcher, now).due == ASK
    begun(watcher, now)
    assert read(watcher, now + MINUTE).due == NOTHING
    asked(watcher, now)
    assert read(watcher, now + 2 * MINUTE).due == TELL
    told(watcher, now + 2 * MINUTE)
    assert read(watcher, now + 3 * MINUTE).due == NOTHING


def test_a_first_asking_that_failed_is_told_with_what_could_not_be_checked(watcher: Watcher) -> None:
    watcher.recorded.misbehave(ServerError(), times=None)
    asked(watcher, DAY_0)
    assert read(watcher, DAY_0 + MINUTE).due == TELL
    (closed,) = told(watcher, DAY_0 + MINUTE).closed
    assert closed.rendered is not None
    assert "NOT CHECKED" in closed.rendered.text
    assert read(watcher, DAY_0 + 2 * MINUTE).due == NOTHING
    assert read(watcher, DAY_0 + 16 * MINUTE).due == ASK


def test_a_first_asking_whose_process_was_killed_holds_no_digest_up_for_long(watcher: Watcher) -> None:
    begun(watcher, DAY_0)
    (closed,) = told(watcher, DAY_0 + MINUTE, has_asked=True).closed
    assert closed.rendered is not None
    assert "NOT CHECKED" in closed.rendered.text


def test_askings_that_were_killed_long_ago_hold_nothing_up(settled: Watcher) -> None:
    with settled.store.writing() as connection:
        for number in range(12):
            stored_runs.begin(connection, Work.ASK, DAY_0 + number * MINUTE)
    assert read(settled, DAY_0 + DAY).due == ASK
    asked(settled, DAY_0 + DAY)
    assert read(settled, DAY_0 + DAY + MINUTE).due == TELL


def test_a_day_is_asked_for_before_it_is_told(settled: Watcher) -> None:
    assert read(settled, PLANNED + DAY - MINUTE).due == NOTHING
    assert read(settled, PLANNED + DAY).due == ASK
    asked(settled, PLANNED + DAY)
    assert read(settled, DAY_0 + DAY - MINUTE).due == NOTHING
    assert read(settled, DAY_0 + DAY).due == TELL
    told(settled, DAY_0 + DAY)
    assert read(settled, DAY_0 + DAY).due == NOTHING


def test_after_a_sleep_the_digest_waits_for_what_is_asked_but_not_for_long(settled: Watcher) -> None:
    woken = DAY_0 + 5 * DAY + HOUR
    assert read(settled, woken).due == ASK
    begun(settled, woken)
    assert read(settled, woken + LEAD - MINUTE).due == NOTHING
    assert read(settled, woken + LEAD).due == TELL


def test_a_new_subscription_is_asked_for_at_once_and_told_afterwards(settled: Watcher) -> None:
    now = DAY_0 + 2 * HOUR
    config = settled.configured({"programs": [1180]}, {"programs": [1181]})
    settled.holdings.add(1181, 2)
    assert read(settled, now, config).due == ASK
    assert told(settled, now, config).closed == (), "whatever else there is to be told"
    asked(settled, now, config)
    assert read(settled, now + MINUTE, config).due == TELL
    (closed,) = told(settled, now + MINUTE, config).closed
    assert closed.period.subscription == "b"
    assert closed.rendered is not None
    assert "NOT CHECKED" not in closed.rendered.text


def test_who_is_muted_is_not_told(settled: Watcher) -> None:
    asked(settled, PLANNED + DAY)
    with settled.store.writing() as connection:
        stored_pauses.mute(connection, Mute("a", DAY_0, DAY_0 + 2 * DAY))
    found = read(settled, DAY_0 + DAY)
    assert found.due == NOTHING
    assert found.next_digest is None


def test_a_digest_that_can_not_be_composed_is_left_alone_for_a_while(settled: Watcher) -> None:
    asked(settled, PLANNED + DAY)
    now = DAY_0 + DAY
    with settled.store.writing() as connection:
        stored_pauses.begin(connection, Pause(Paused.DIGEST, "a", now, now + HOUR, 1, "it fails"))
    assert read(settled, now).due == NOTHING
    assert read(settled, now + HOUR).due == TELL


def enqueue(watcher: Watcher, now: datetime, channel: str = "keep") -> None:
    message = Message(f"{channel}@obs.example", channel, "a@x.example", "s@x.example", "news", b"news")
    with watcher.store.writing() as connection:
        stored_deliveries.enqueue(connection, None, [message], now)


def test_a_message_is_sent_when_its_time_has_come(settled: Watcher) -> None:
    enqueue(settled, DAY_0 + HOUR)
    early, late = read(settled, DAY_0 + HOUR - MINUTE), read(settled, DAY_0 + HOUR)
    assert (early.due, early.waiting) == (NOTHING, 1)
    assert (late.due, late.waiting) == (TELL, 1)


def test_a_message_waits_while_its_channel_is_paused_and_no_other_does(settled: Watcher) -> None:
    now = DAY_0 + HOUR
    enqueue(settled, now)
    with settled.store.writing() as connection:
        stored_pauses.begin(connection, Pause(Paused.CHANNEL, "keep", now, now + HOUR, 1, "it is down"))
    found = read(settled, now)
    assert (found.due, found.waiting) == (NOTHING, 1)
    assert read(settled, now + HOUR).due == TELL
    enqueue(settled, now, "gone")
    assert read(settled, now + MINUTE).due == TELL


def test_what_is_being_sent_is_not_due_until_its_lease_ends(settled: Watcher) -> None:
    now = DAY_0 + HOUR
    enqueue(settled, now)
    with settled.store.writing() as connection:
        stored_deliveries.claim(connection, "keep", now, now + HOUR)
    assert read(settled, now + MINUTE).due == NOTHING
    assert read(settled, now + HOUR).due == TELL


def test_the_next_digest_and_the_next_asking_are_known(settled: Watcher) -> None:
    config = settled.configured({"programs": [1180]}, {"programs": [1180]}, every="week")
    found = read(settled, DAY_0 + HOUR, config)
    # The 20th of November 2026 is a Friday.
    assert found.next_digest == ("a", DAY_0 + 3 * DAY)
    assert found.next_ask == PLANNED + DAY


@pytest.fixture
def listening(settled: Watcher) -> Watcher:
    """It hears of CRDS since its second day, whose digest is told."""
    settled.news = {"crds": {"every": "6h"}}
    settled.config = settled.configured({"programs": [1180]})
    heard(settled, DAY_0 + MINUTE)
    assert read(settled, DAY_0 + 2 * MINUTE).due == NOTHING
    return settled


def test_crds_is_listened_to_when_its_turn_has_come_and_by_one_at_a_time(listening: Watcher) -> None:
    now = DAY_0 + 7 * HOUR
    assert read(listening, now).due == LISTEN
    begun(listening, now, Work.LISTEN)
    assert read(listening, now + MINUTE).due == NOTHING
    heard(listening, now)
    assert read(listening, now + 2 * MINUTE).due == NOTHING


def test_a_listening_whose_process_was_killed_is_begun_again_after_a_while(listening: Watcher) -> None:
    now = DAY_0 + 7 * HOUR
    begun(listening, now, Work.LISTEN)
    assert read(listening, now + news_sources.LONGEST_READING - MINUTE).due == NOTHING
    assert read(listening, now + news_sources.LONGEST_READING).due == LISTEN


def test_a_listening_that_a_clock_far_ahead_began_holds_up_nothing(listening: Watcher) -> None:
    begun(listening, DAY_0 + 80 * DAY, Work.LISTEN)
    assert read(listening, DAY_0 + 7 * HOUR).due == LISTEN
    asked(listening, PLANNED + DAY)
    assert read(listening, DAY_0 + DAY, left_alone=LISTEN).due == TELL


def test_a_digest_waits_for_what_is_heard_but_not_for_long(listening: Watcher) -> None:
    now = DAY_0 + DAY
    asked(listening, PLANNED + DAY)
    assert read(listening, now).due == LISTEN
    # A server that does not answer is listened to still, and not once more beside.
    with one_run(listening.store, Work.LISTEN, now) as end:
        assert read(listening, now + MINUTE).due == NOTHING
        assert read(listening, now + LONGEST_WAIT - MINUTE).due == NOTHING
        assert read(listening, now + LONGEST_WAIT).due == TELL
        told(listening, now + LONGEST_WAIT)
        assert read(listening, now + LONGEST_WAIT + MINUTE).due == NOTHING
        assert end is not None
        end(problems=[], beside={})


def test_a_digest_does_not_wait_for_what_was_read_a_moment_ago(listening: Watcher) -> None:
    """However short the rhythm of a source is, and whether it is being read."""
    listening.news = {"crds": {"every": "1s"}}
    listening.config = listening.configured({"programs": [1180]})
    asked(listening, PLANNED + DAY)
    now = DAY_0 + DAY
    heard(listening, now - MINUTE)
    assert read(listening, now).due == LISTEN | TELL
    begun(listening, now, Work.LISTEN)
    assert read(listening, now + MINUTE).due == TELL


def test_a_digest_does_not_wait_for_a_listening_whose_process_fails_each_time(listening: Watcher) -> None:
    asked(listening, PLANNED + DAY)
    assert read(listening, DAY_0 + DAY, left_alone=LISTEN).due == TELL


def test_a_source_that_failed_is_read_again_sooner(listening: Watcher) -> None:
    now = DAY_0 + 7 * HOUR
    heard(listening, now, failures=1)
    assert read(listening, now + 14 * MINUTE).due == NOTHING
    assert read(listening, now + 15 * MINUTE).due == LISTEN


def test_a_program_that_is_wanted_is_asked_for_before_its_time(settled: Watcher) -> None:
    now = DAY_0 + 2 * HOUR
    wants(settled, 9999, now)
    assert read(settled, now).due == NOTHING, "nobody watches it"
    wants(settled, 1180, now)
    found = read(settled, now)
    assert (found.due, found.asks_for_wanted) == (ASK, True)
    begun(settled, now)
    assert read(settled, now + MINUTE).due == NOTHING


def test_what_is_wanted_brings_no_asking_but_one_an_hour(settled: Watcher) -> None:
    wants(settled, 1180, DAY_0)
    assert read(settled, DAY_0 + WANTED_PAUSE - MINUTE).due == NOTHING
    assert read(settled, DAY_0 + WANTED_PAUSE).due == ASK


def test_who_asks_for_everything_asks_for_what_is_wanted_too(settled: Watcher) -> None:
    wants(settled, 1180, DAY_0)
    found = read(settled, PLANNED + DAY)
    assert (found.due, found.asks_for_wanted) == (ASK, False)
