"""What is to be done now, as the store has it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from pedigreed.delivery.folder import FolderChannel
from pedigreed.demo.faults import ServerError
from pedigreed.model.message import Message
from pedigreed.model.mute import Mute
from pedigreed.model.pause import Pause, Paused
from pedigreed.model.run import Work
from pedigreed.service.agenda import Agenda, agenda
from pedigreed.service.ask_times import LEAD
from pedigreed.service.cycle import Told, ask, tell
from pedigreed.sources.mast.archive import MastArchive
from pedigreed.store import deliveries as stored_deliveries
from pedigreed.store import mutes as stored_mutes
from pedigreed.store import pauses as stored_pauses
from pedigreed.store import runs as stored_runs
from watching import DAY_0, QUICK

if TYPE_CHECKING:
    from datetime import datetime

    from pedigreed.config.settings import Config
    from watching import Watcher

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NOTHING: frozenset[Work] = frozenset()
ASK, TELL = frozenset({Work.ASK}), frozenset({Work.TELL})
# Digests are at 6:00, so half of the spread is at 4:45.
HALFWAY = 0.5
PLANNED = DAY_0 - 75 * MINUTE


def read(watcher: Watcher, now: datetime, config: Config | None = None) -> Agenda:
    with watcher.store.reading() as connection:
        return agenda(connection, config or watcher.config, HALFWAY, now)


def asked(watcher: Watcher, now: datetime, config: Config | None = None) -> None:
    watcher.recorded.now = now
    with MastArchive(watcher.recorded.url, "pedigreed/test", patience=QUICK) as archive:
        ask(config or watcher.config, watcher.store, archive, now=now)


def told(watcher: Watcher, now: datetime, config: Config | None = None, *, has_asked: bool = False) -> Told:
    channels = {"keep": FolderChannel(watcher.folder)}
    return tell(config or watcher.config, "pedigreed.yaml", watcher.store, channels, now=now, has_asked=has_asked)


def begun(watcher: Watcher, now: datetime) -> None:
    """An asking that goes on, or whose process was killed."""
    with watcher.store.writing() as connection:
        stored_runs.begin(connection, Work.ASK, now)


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
        stored_mutes.begin(connection, Mute("a", DAY_0, DAY_0 + 2 * DAY))
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
