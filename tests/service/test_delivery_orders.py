"""What a person orders of deliveries: all of it or nothing, and the channel is tried again."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from pedigreed.model.delivery import DeliveryState, Message
from pedigreed.model.failure import TryAgain, Usage
from pedigreed.model.pause import Pause, Paused
from pedigreed.service import delivery_orders
from pedigreed.store import deliveries as stored_deliveries
from pedigreed.store import listed_deliveries
from pedigreed.store import pauses as stored_pauses
from pedigreed.store.database import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
LEASE = timedelta(minutes=60)


@pytest.fixture
def outbox(store_url: str) -> Iterator[Store]:
    """Three messages that wait by one channel and one by another; both channels are paused."""
    with Store(store_url) as store:
        with store.writing() as connection:
            for channel, count in (("email", 3), ("team", 1)):
                messages = [Message(f"{channel}.{number}", channel, "", "", "", b"...") for number in range(count)]
                stored_deliveries.enqueue(connection, None, messages, NOON)
                stored_pauses.begin(
                    connection, Pause(Paused.CHANNEL, channel, NOON, NOON + LEASE, tries=2, reason="535 bad login")
                )
        yield store


def numbers(outbox: Store, *states: DeliveryState) -> list[int]:
    with outbox.reading() as connection:
        return listed_deliveries.numbers_of(connection, states, None)


def paused(outbox: Store) -> set[str]:
    with outbox.reading() as connection:
        return set(stored_pauses.load(connection, Paused.CHANNEL))


def test_a_retry_ends_the_pause_of_its_channel_and_no_other(outbox: Store) -> None:
    first, second, *_ = numbers(outbox, DeliveryState.WAITING)
    retried = delivery_orders.retry(outbox, [second, first, second], NOON)
    assert [each.delivery.key for each in retried.deliveries] == [first, second]
    assert [pause.name for pause in retried.resumed] == ["email"]
    assert paused(outbox) == {"team"}


def test_one_that_can_not_be_retried_leaves_everything_as_it_was(outbox: Store) -> None:
    with outbox.writing() as connection:
        (taken,) = stored_deliveries.claim(connection, "email", NOON, NOON + LEASE)
    waiting = numbers(outbox, DeliveryState.WAITING)
    with pytest.raises(Usage) as raised:
        delivery_orders.retry(outbox, [*waiting, taken.key, 77], NOON)
    assert (
        f"delivery {taken.key} is just being sent: see what became of it, at the latest at 2026-11-21T13"
        in str(raised.value)
    )
    assert "delivery 77 is not there" in str(raised.value)
    assert paused(outbox) == {"email", "team"}
    with pytest.raises(Usage, match="just being sent"):
        delivery_orders.cancel(outbox, [*waiting, taken.key], NOON)
    assert numbers(outbox, DeliveryState.WAITING) == waiting


def test_all_that_was_given_up_is_retried_of_one_channel_or_of_all(outbox: Store) -> None:
    called_off, *_ = numbers(outbox, DeliveryState.WAITING)
    delivery_orders.cancel(outbox, [called_off], NOON)
    with outbox.writing() as connection:
        for channel in ("email", "team"):
            stored_deliveries.expire(connection, channel, NOON, "too old", NOON)
    of_team = delivery_orders.retry_given_up(outbox, "team", NOON)
    assert [each.delivery.message.channel for each in of_team.deliveries] == ["team"]
    assert paused(outbox) == {"email"}
    assert len(delivery_orders.retry_given_up(outbox, None, NOON).deliveries) == 2
    assert delivery_orders.retry_given_up(outbox, None, NOON) == delivery_orders.Retried((), ())
    assert numbers(outbox, DeliveryState.CANCELLED) == [called_off], "what a person called off stays so"


def test_an_order_and_a_process_that_sends_never_both_have_a_delivery(store_url: str, outbox: Store) -> None:
    """Whoever is first, the other finds it done."""
    chosen = numbers(outbox, DeliveryState.WAITING)
    ready = threading.Barrier(2)
    cancelled = []

    def call_off() -> None:
        with Store(store_url) as store:
            ready.wait()
            for number in chosen:
                try:
                    delivery_orders.cancel(store, [number], NOON)
                except (Usage, TryAgain):
                    continue
                cancelled.append(number)

    thread = threading.Thread(target=call_off)
    thread.start()
    ready.wait()
    taken = []
    for channel in ("email", "email", "email", "team"):
        with outbox.writing() as connection:
            taken += stored_deliveries.claim(connection, channel, NOON, NOON + LEASE)
    thread.join()
    assert numbers(outbox, DeliveryState.CANCELLED) == cancelled
    assert numbers(outbox, DeliveryState.SENDING) == sorted(delivery.key for delivery in taken)
