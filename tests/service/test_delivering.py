"""The outbox against a destination that answers as it is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from pedigreed.model.delivery import DeliveryState, Outcome, Refused, Retry, Scope, Sent, Unsure
from pedigreed.model.pause import Paused
from pedigreed.service.after_attempt import BROKEN_PAUSES, PAUSES
from pedigreed.service.outbox import deliver
from pedigreed.store import deliveries as stored_deliveries
from pedigreed.store import pauses as stored_pauses
from watcher import DAY_0, Watcher

if TYPE_CHECKING:
    from datetime import datetime

    from pedigreed.model.delivery import Delivery, Message

LATER = DAY_0 + timedelta(minutes=2)
DEAD = Retry("404 no_service", scope=Scope.CHANNEL_BROKEN)


@dataclass
class Destination:
    """Answers with each outcome in turn, and then takes everything."""

    outcomes: list[Outcome] = field(default_factory=list)
    taken: list[Message] = field(default_factory=list)
    tried: int = 0

    async def send(self, message: Message) -> Outcome:
        self.tried += 1
        outcome = self.outcomes.pop(0) if self.outcomes else Sent("ok")
        if isinstance(outcome, Sent | Unsure):
            self.taken.append(message)
        return outcome

    async def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def outbox(watcher: Watcher) -> Watcher:
    """Three digests that wait."""
    watcher.holdings.add(1180, 3)
    watcher.folder.write_text("a file is in the place of the folder")
    watcher.cycle(DAY_0, watcher.configured(*[{"programs": [1180]}] * 3))
    with watcher.store.writing() as connection:
        stored_pauses.end(connection, Paused.CHANNEL, "keep")
    return watcher


def hand_over(outbox: Watcher, destination: Destination, now: datetime) -> list[Delivery]:
    return deliver(outbox.store, {"keep": destination}, now, jitter=lambda: 0.0)


def states(outbox: Watcher) -> dict[DeliveryState, int]:
    with outbox.store.reading() as connection:
        return stored_deliveries.counts(connection)


def test_a_channel_that_refuses_as_a_whole_is_asked_once(outbox: Watcher) -> None:
    destination = Destination([DEAD])
    hand_over(outbox, destination, LATER)
    assert destination.tried == 1
    assert states(outbox) == {DeliveryState.WAITING: 3}
    with outbox.store.reading() as connection:
        pause = stored_pauses.load(connection, Paused.CHANNEL)["keep"]
    assert (pause.since, pause.until, pause.tries, pause.reason) == (
        pause.since,
        pause.since + BROKEN_PAUSES[0],
        1,
        "404 no_service",
    )
    hand_over(outbox, destination, LATER + BROKEN_PAUSES[0] / 2)
    assert destination.tried == 1


def test_after_a_pause_one_message_tries_the_channel(outbox: Watcher) -> None:
    destination = Destination([DEAD, DEAD])
    hand_over(outbox, destination, LATER)
    second = LATER + BROKEN_PAUSES[0] + timedelta(minutes=1)
    hand_over(outbox, destination, second)
    assert destination.tried == 2
    with outbox.store.reading() as connection:
        pause = stored_pauses.load(connection, Paused.CHANNEL)["keep"]
    assert pause.tries == 2
    assert pause.until - pause.since > BROKEN_PAUSES[1]
    hand_over(outbox, destination, second + BROKEN_PAUSES[1] + timedelta(minutes=1))
    assert states(outbox) == {DeliveryState.SENT: 3}
    with outbox.store.reading() as connection:
        assert stored_pauses.load(connection, Paused.CHANNEL) == {}


def test_one_refused_message_stops_no_other(outbox: Watcher) -> None:
    hand_over(outbox, Destination([Refused("550 no such user")]), LATER)
    assert states(outbox) == {DeliveryState.REFUSED: 1, DeliveryState.SENT: 2}


def test_one_message_that_must_wait_stops_no_other(outbox: Watcher) -> None:
    hand_over(outbox, Destination([Retry("451 greylisted")]), LATER)
    assert states(outbox) == {DeliveryState.WAITING: 1, DeliveryState.SENT: 2}


def test_what_may_have_arrived_is_sent_again_with_the_same_bytes(outbox: Watcher) -> None:
    destination = Destination([Unsure("the connection died")])
    hand_over(outbox, destination, LATER)
    hand_over(outbox, destination, LATER + PAUSES[1] + timedelta(minutes=1))
    assert states(outbox) == {DeliveryState.SENT: 3}
    repeated = destination.taken[0]
    assert destination.taken.count(repeated) == 2
    assert len(destination.taken) == 4
