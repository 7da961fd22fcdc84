"""The outbox as a person looks through it and orders of it, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from pedigreed.model.delivery import Delivery, DeliveryState, Message
from pedigreed.model.digest import Checked, Digest, RenderedDigest
from pedigreed.store import deliveries, listed_deliveries, periods

if TYPE_CHECKING:
    from pedigreed.model.delivery import ListedDelivery
    from pedigreed.store.database import Store

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
LEASE = timedelta(minutes=60)
EVERY_BYTE = bytes(range(256))
DIGEST = Digest("d1", "jades", (), NOON, NOON, "UTC", (), (), (), (), (), Checked(programs=0, of=0))


def message(recipient: str, channel: str = "email") -> Message:
    return Message(f"{channel}.{recipient}", channel, recipient, "from@x.example", "3 new", EVERY_BYTE)


@pytest.fixture
def outbox(store: Store) -> Store:
    """Two messages of a digest, and a word to the operator."""
    with store.writing() as connection:
        periods.add_digest(connection, DIGEST, RenderedDigest("d1", "jades", "3 new", "text\n", ()), NOON)
        deliveries.enqueue(connection, "d1", [message("a@x.example"), message("", "team")], NOON)
        deliveries.enqueue(connection, None, [message("ops@x.example")], NOON)
    return store


def listed(
    store: Store, *states: DeliveryState, limit: int = 9, channel: str | None = None
) -> list[ListedDelivery]:
    with store.reading() as connection:
        return listed_deliveries.newest(connection, limit, states=states, channel=channel)


def keys(store: Store, *states: DeliveryState, channel: str | None = None) -> list[int]:
    return [each.delivery.key for each in listed(store, *states, channel=channel)]


def take(store: Store, now: datetime = NOON) -> Delivery:
    with store.writing() as connection:
        (taken,) = deliveries.claim(connection, "email", now, now + LEASE)
    return taken


def settle(store: Store, delivery: Delivery, state: DeliveryState) -> bool:
    with store.writing() as connection:
        done = replace(
            delivery, state=state, next_attempt_at=None, finished_at=NOON, last_outcome="said", unsure=1
        )
        return deliveries.settle(connection, [done]) == 1


def try_again(store: Store, *numbers: int, now: datetime = NOON) -> int:
    with store.writing() as connection:
        return listed_deliveries.try_again(connection, numbers, now)


def call_off(store: Store, *numbers: int, now: datetime = NOON) -> int:
    with store.writing() as connection:
        return listed_deliveries.call_off(connection, numbers, now)


def one(store: Store, number: int) -> Delivery:
    with store.reading() as connection:
        return listed_deliveries.by_number(connection, [number])[number].delivery


def test_the_list_has_everything_but_the_bytes(outbox: Store) -> None:
    word, to_team, to_a = listed(outbox)
    assert [each.subscription for each in (word, to_team, to_a)] == [None, "jades", "jades"]
    assert {each.size for each in (word, to_team, to_a)} == {256}
    assert to_a.delivery.message == replace(message("a@x.example"), content=b"")
    assert to_a.delivery.created_at == NOON
    with outbox.reading() as connection:
        assert listed_deliveries.content_of(connection, to_a.delivery.key) == EVERY_BYTE


def test_the_list_is_by_state_and_by_channel(outbox: Store) -> None:
    word, to_team, to_a = keys(outbox)
    assert settle(outbox, take(outbox), DeliveryState.REFUSED)
    assert keys(outbox, DeliveryState.REFUSED) == [to_a]
    assert keys(outbox, DeliveryState.WAITING, DeliveryState.SENDING) == [word, to_team]
    assert keys(outbox, DeliveryState.WAITING, DeliveryState.REFUSED) == [word, to_team, to_a]
    assert keys(outbox, DeliveryState.SENT) == []
    assert keys(outbox, channel="team") == [to_team]
    assert len(listed(outbox, limit=2)) == 2
    with outbox.reading() as connection:
        assert listed_deliveries.numbers_of(connection, [DeliveryState.REFUSED], None) == [to_a]
        assert listed_deliveries.numbers_of(connection, [DeliveryState.REFUSED], "team") == []
        assert set(listed_deliveries.by_number(connection, [to_a, 99, -1, 2**70])) == {to_a}


def test_what_was_given_up_is_due_again_as_if_it_had_not_been_tried(outbox: Store) -> None:
    taken = take(outbox)
    assert settle(outbox, taken, DeliveryState.UNSURE)
    later = NOON + timedelta(days=9)
    assert try_again(outbox, taken.key, now=later) == 1
    again = one(outbox, taken.key)
    assert (again.state, again.attempts, again.unsure) == (DeliveryState.WAITING, 0, 0)
    assert (again.next_attempt_at, again.finished_at, again.last_outcome) == (later, None, "said")
    assert not again.maybe_repeated, "that it may have arrived is what the settling says"


def test_what_was_sent_is_left_alone(outbox: Store) -> None:
    taken = take(outbox)
    assert settle(outbox, taken, DeliveryState.SENT)
    assert try_again(outbox, taken.key) == 0
    assert call_off(outbox, taken.key) == 0
    assert one(outbox, taken.key).state is DeliveryState.SENT


def test_what_is_being_sent_is_left_alone_until_its_lease_ends(outbox: Store) -> None:
    taken = take(outbox)
    just_before = NOON + LEASE - timedelta(milliseconds=1)
    assert try_again(outbox, taken.key, now=just_before) == 0
    assert call_off(outbox, taken.key, now=just_before) == 0
    assert one(outbox, taken.key) == replace(taken, message=replace(taken.message, content=b""))
    assert try_again(outbox, taken.key, now=NOON + LEASE) == 1
    again = one(outbox, taken.key)
    assert again.state is DeliveryState.WAITING
    assert again.maybe_repeated, "the process that had it may have sent it"


def test_a_process_that_wakes_up_late_does_not_speak_for_another(outbox: Store) -> None:
    taken = take(outbox)
    assert try_again(outbox, taken.key, now=NOON + LEASE) == 1
    assert settle(outbox, taken, DeliveryState.REFUSED) is False
    with outbox.writing() as connection:
        both = deliveries.claim(connection, "email", NOON + LEASE, NOON + 2 * LEASE, limit=2)
    (again,) = [each for each in both if each.key == taken.key]
    assert settle(outbox, taken, DeliveryState.REFUSED) is False
    assert settle(outbox, again, DeliveryState.SENT) is True


def test_what_is_called_off_is_finished(outbox: Store) -> None:
    word, to_team, to_a = keys(outbox)
    taken = take(outbox)
    assert taken.key == to_a
    assert call_off(outbox, word, to_team, to_a, now=NOON + LEASE) == 3
    assert one(outbox, to_team).state is DeliveryState.CANCELLED
    assert one(outbox, to_team).finished_at == NOON + LEASE
    assert [one(outbox, number).maybe_repeated for number in (word, to_team, to_a)] == [False, False, True]
    assert call_off(outbox, word) == 0, "once"
    with outbox.writing() as connection:
        assert deliveries.claim(connection, "email", NOON + 9 * LEASE, NOON + 9 * LEASE) == []
    assert try_again(outbox, to_a, now=NOON + LEASE) == 1
    assert one(outbox, to_a).state is DeliveryState.WAITING


def test_many_rows_are_ordered_at_once(store: Store) -> None:
    with store.writing() as connection:
        deliveries.enqueue(connection, None, [message(f"{number}@x.example") for number in range(6000)], NOON)
        numbers = listed_deliveries.numbers_of(connection, [DeliveryState.WAITING], None)
        assert len(listed_deliveries.by_number(connection, numbers)) == 6000
        assert listed_deliveries.call_off(connection, numbers, NOON) == 6000
