"""The outbox and the digests in it, on both databases."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.exc import IntegrityError

from pedigreed.model.delivery import Delivery, DeliveryState, Message
from pedigreed.model.digest import Checked, Digest, RenderedDigest
from pedigreed.model.failure import TryAgain
from pedigreed.model.period import Period
from pedigreed.store import deliveries, listed_deliveries, periods
from pedigreed.store.database import Store

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LEASE = timedelta(minutes=15)
EVERY_BYTE = bytes(range(256))

DIGEST = Digest(
    digest_id="d1",
    subscription="jades",
    selections=(),
    starts=NOON - timedelta(days=1),
    ends=NOON,
    timezone="UTC",
    changes=(),
    transitions=(),
    progress=(),
    baselines=(),
    suspects=(),
    checked=Checked(programs=0, of=0, unchecked=(), unknown=(), last_complete=None, notes=()),
)


def message(recipient: str, channel: str = "email", digest: str = "d1") -> Message:
    name = f"{digest}.{channel}.{recipient}"
    return Message(
        name, channel, recipient, "pedigreed@obs.example", "jades: 3 new \u2192", name.encode() + EVERY_BYTE
    )


@pytest.fixture
def outbox(store: Store) -> Store:
    """A store with a digest and two messages."""
    enqueue(store, DIGEST, message("a@x.example"), message("b@x.example"))
    return store


def enqueue(store: Store, digest: Digest, *messages: Message) -> None:
    rendered = RenderedDigest(digest.digest_id, digest.subscription, "jades: 3 new \u2192", "text\n", ())
    with store.writing() as connection:
        periods.add_digest(connection, digest, rendered, NOON)
        deliveries.enqueue(connection, digest.digest_id, messages, NOON)


def claim(store: Store, now: datetime = NOON) -> Delivery:
    with store.writing() as connection:
        (taken,) = deliveries.claim(connection, "email", now, now + LEASE)
    return taken


def is_nothing_due(store: Store, now: datetime) -> bool:
    with store.writing() as connection:
        return not deliveries.claim(connection, "email", now, now + LEASE)


def rows_of(connection: Connection, digest_id: str) -> list[Delivery]:
    """The rows of one digest, with the bytes of their messages."""
    listed = [each.delivery for each in listed_deliveries.newest(connection, 100)]
    return [
        replace(
            row, message=replace(row.message, content=listed_deliveries.content_of(connection, row.key) or b"")
        )
        for row in reversed(listed)
        if row.digest_id == digest_id
    ]


def settle(store: Store, state: Delivery) -> bool:
    with store.writing() as connection:
        return deliveries.settle(connection, [state]) == 1


def sent(delivery: Delivery, now: datetime = NOON) -> Delivery:
    return replace(
        delivery, state=DeliveryState.SENT, next_attempt_at=None, last_outcome="250 taken", finished_at=now
    )


def later(delivery: Delivery, at: datetime) -> Delivery:
    return replace(delivery, state=DeliveryState.WAITING, next_attempt_at=at, last_outcome="450 busy")


def test_a_message_is_taken_with_every_byte_of_it(outbox: Store) -> None:
    first, second = claim(outbox), claim(outbox)
    assert first.message == message("a@x.example")
    assert second.message == message("b@x.example")
    assert first == Delivery(
        first.key, "d1", first.message, DeliveryState.SENDING, 1, NOON + LEASE, None, False, NOON, None
    )
    assert first.key < second.key
    assert is_nothing_due(outbox, NOON)


def test_nothing_is_due_before_its_time(outbox: Store) -> None:
    assert is_nothing_due(outbox, NOON - timedelta(milliseconds=1))
    first = claim(outbox)
    assert settle(outbox, later(first, NOON + MINUTE))
    claim(outbox)
    assert is_nothing_due(outbox, NOON + MINUTE - timedelta(milliseconds=1))
    again = claim(outbox, NOON + MINUTE)
    assert (again.key, again.attempts, again.last_outcome) == (first.key, 2, "450 busy")
    assert not again.maybe_repeated


def test_what_is_finished_is_not_due(outbox: Store) -> None:
    first = claim(outbox)
    assert settle(outbox, sent(first))
    second = claim(outbox)
    assert settle(outbox, sent(second))
    assert is_nothing_due(outbox, NOON + timedelta(days=9))
    with outbox.reading() as connection:
        assert rows_of(connection, "d1")[0] == sent(first)
        assert rows_of(connection, "d1") == [sent(first), sent(second)]
        assert rows_of(connection, "d2") == []


def test_a_lease_that_ran_out_is_taken_up_and_marked(outbox: Store) -> None:
    first = claim(outbox)
    assert settle(outbox, sent(claim(outbox)))
    assert is_nothing_due(outbox, NOON + LEASE - timedelta(milliseconds=1))
    again = claim(outbox, NOON + LEASE)
    assert (again.key, again.attempts, again.message) == (first.key, 2, first.message)
    assert again.maybe_repeated, "the process that had it may have sent it"


def test_who_comes_late_changes_nothing(outbox: Store) -> None:
    first = claim(outbox)
    assert settle(outbox, sent(claim(outbox)))
    again = claim(outbox, NOON + LEASE)
    assert again.key == first.key
    assert settle(outbox, sent(again))
    assert not settle(outbox, later(first, NOON))
    with outbox.reading() as connection:
        assert rows_of(connection, "d1")[0].state is DeliveryState.SENT


@pytest.mark.failure("several processes share a store on PostgreSQL")
def test_of_many_processes_each_row_goes_to_one(store_url: str) -> None:
    with ExitStack() as stack:
        stores = [stack.enter_context(Store(store_url)) for _ in range(4)]
        enqueue(stores[0], DIGEST, *(message(f"{number}@x.example") for number in range(40)))
        ready = threading.Barrier(4)

        def take_all(store: Store) -> list[int]:
            ready.wait()
            taken: list[int] = []
            while True:
                with store.writing() as connection:
                    some = deliveries.claim(connection, "email", NOON, NOON + LEASE, limit=3)
                if not some:
                    return taken
                taken += [delivery.key for delivery in some]

        taken = list(stack.enter_context(ThreadPoolExecutor(4)).map(take_all, stores))
    keys = list(chain.from_iterable(taken))
    # Where a row is just being taken by another process, PostgreSQL may say that there is none.
    assert len(keys) == len(set(keys)) == 40


def test_a_delivery_keeps_its_message_whatever_is_said_of_it(outbox: Store) -> None:
    first = claim(outbox)
    changed = replace(later(first, NOON), message=replace(first.message, content=b"other", message_id="other"))
    assert settle(outbox, changed)
    assert claim(outbox).message == message("a@x.example")


def test_deliveries_are_counted_by_where_they_stand(outbox: Store) -> None:
    first = claim(outbox)
    refused = replace(first, state=DeliveryState.REFUSED, next_attempt_at=None, finished_at=NOON)
    assert settle(outbox, refused)
    with outbox.reading() as connection:
        assert deliveries.counts(connection) == {DeliveryState.WAITING: 1, DeliveryState.REFUSED: 1}


def test_an_empty_outbox_counts_nothing(store: Store) -> None:
    with store.reading() as connection:
        assert deliveries.counts(connection) == {}


def test_a_destination_has_one_message_of_a_digest(outbox: Store) -> None:
    again = replace(message("a@x.example"), message_id="another")
    with pytest.raises(TryAgain, match="kept already"), outbox.writing() as connection:
        deliveries.enqueue(connection, "d1", [message("c@x.example"), again], NOON)
    with outbox.reading() as connection:
        assert deliveries.counts(connection) == {DeliveryState.WAITING: 2}


def test_a_message_id_is_used_once(outbox: Store) -> None:
    same = replace(message("c@x.example"), message_id=message("a@x.example").message_id)
    with pytest.raises(TryAgain, match="kept already"), outbox.writing() as connection:
        deliveries.enqueue(connection, "d1", [same], NOON)


def test_a_message_belongs_to_a_digest(store: Store) -> None:
    with pytest.raises(IntegrityError), store.writing() as connection:
        deliveries.enqueue(connection, "none such", [message("a@x.example")], NOON)


def test_an_error_does_not_repeat_what_was_to_be_kept(store: Store) -> None:
    with pytest.raises(IntegrityError) as raised, store.writing() as connection:
        deliveries.enqueue(connection, "none such", [message("a@x.example")], NOON)
    assert "a@x.example" not in str(raised.value)


def test_a_digest_is_kept_once(outbox: Store) -> None:
    with pytest.raises(TryAgain, match="kept already"):
        enqueue(outbox, DIGEST)


def test_a_told_period_names_its_digest(outbox: Store) -> None:
    told = Period("jades", "2026-11-21", NOON - timedelta(days=1), NOON, NOON, frozenset(), digest_id="d1")
    quiet = Period("jades", "2026-11-22", NOON, NOON + timedelta(days=1), NOON, frozenset(), digest_id=None)
    with outbox.writing() as connection:
        for period in (told, quiet):
            periods.claim(connection, {period.subscription: period.label}, NOON)
            periods.close(connection, [period])
    with outbox.reading() as connection:
        assert periods.last_closed(connection, NOON + timedelta(days=1)) == {"jades": quiet}
        assert periods.last_with_digest(connection, NOON + timedelta(days=1)) == {"jades": told}
        assert periods.last_with_digest(connection, NOON, ["ceers"]) == {}
        assert periods.last_told(connection, NOON) == {"jades": (NOON, "jades: 3 new \u2192")}
        assert periods.last_told(connection, NOON - timedelta(days=1)) == {}
