"""The outbox and the digests in it, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.exc import IntegrityError

from pedigreed.model.delivery import Delivery, DeliveryState
from pedigreed.model.digest import Checked, Digest, RenderedDigest
from pedigreed.model.failure import TryAgain
from pedigreed.model.message import Message
from pedigreed.model.period import Period
from pedigreed.store import deliveries, digests, periods

if TYPE_CHECKING:
    from pedigreed.store.database import Store

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
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
    return Message(name, channel, recipient, "pedigreed@obs.example", "jades: 3 new \u2192", EVERY_BYTE)


@pytest.fixture
def outbox(store: Store) -> Store:
    """A store with a digest and two messages."""
    enqueue(store, DIGEST, message("a@x.example"), message("b@x.example"))
    return store


def enqueue(store: Store, digest: Digest, *messages: Message) -> None:
    rendered = RenderedDigest(digest.digest_id, digest.subscription, "jades: 3 new \u2192", "text\n", ())
    with store.writing() as connection:
        digests.add(connection, digest, rendered, NOON)
        deliveries.enqueue(connection, digest.digest_id, messages, NOON)


def due(store: Store, now: datetime) -> list[Delivery]:
    with store.reading() as connection:
        return [deliveries.get(connection, key) for key in deliveries.due(connection, now)]


def save(store: Store, *states: Delivery) -> None:
    with store.writing() as connection:
        for state in states:
            deliveries.save(connection, state)


def test_a_message_waits_with_every_byte_of_it(outbox: Store) -> None:
    first, second = due(outbox, NOON)
    assert first.message == message("a@x.example")
    assert second.message == message("b@x.example")
    assert first == Delivery(
        first.key, "d1", first.message, DeliveryState.WAITING, 0, NOON, None, False, NOON, None
    )
    assert first.key < second.key


def test_nothing_is_due_before_its_time(outbox: Store) -> None:
    assert due(outbox, NOON - timedelta(milliseconds=1)) == []
    first, second = due(outbox, NOON)
    save(outbox, replace(first, attempts=1, next_attempt_at=NOON + MINUTE, last_outcome="450 busy"))
    assert due(outbox, NOON) == [second]
    later, _ = due(outbox, NOON + MINUTE)
    assert later == replace(first, attempts=1, next_attempt_at=NOON + MINUTE, last_outcome="450 busy")


def test_what_is_finished_is_not_due(outbox: Store) -> None:
    first, second = due(outbox, NOON)
    sent = replace(
        first,
        state=DeliveryState.SENT,
        attempts=2,
        next_attempt_at=None,
        last_outcome="250 taken",
        maybe_repeated=True,
        finished_at=NOON + MINUTE,
    )
    save(outbox, sent)
    assert due(outbox, NOON + MINUTE) == [second]
    with outbox.reading() as connection:
        assert deliveries.get(connection, first.key) == sent
        assert deliveries.of_digest(connection, "d1") == [sent, second]
        assert deliveries.of_digest(connection, "d2") == []
        assert deliveries.unfinished(connection) == [second]


def test_a_delivery_keeps_its_message_whatever_is_said_of_it(outbox: Store) -> None:
    first, _ = due(outbox, NOON)
    save(outbox, replace(first, message=replace(first.message, content=b"other", message_id="other")))
    assert due(outbox, NOON)[0].message == message("a@x.example")


def test_deliveries_are_counted_by_where_they_stand(outbox: Store) -> None:
    first, _ = due(outbox, NOON)
    save(outbox, replace(first, state=DeliveryState.REFUSED, next_attempt_at=None, finished_at=NOON))
    with outbox.reading() as connection:
        assert deliveries.counts(connection) == {DeliveryState.WAITING: 1, DeliveryState.REFUSED: 1}


def test_an_empty_outbox_counts_nothing(store: Store) -> None:
    with store.reading() as connection:
        assert deliveries.counts(connection) == {}
        assert deliveries.unfinished(connection) == []


def test_unfinished_deliveries_are_listed_up_to_a_limit(outbox: Store) -> None:
    with outbox.reading() as connection:
        assert [row.message.recipient for row in deliveries.unfinished(connection, limit=1)] == ["a@x.example"]


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


def test_a_digest_is_kept_with_its_subject(outbox: Store) -> None:
    with outbox.reading() as connection:
        assert digests.subject_of(connection, "d1") == "jades: 3 new \u2192"
        assert digests.subject_of(connection, "d2") is None


def test_a_digest_is_kept_once(outbox: Store) -> None:
    with pytest.raises(TryAgain, match="kept already"):
        enqueue(outbox, DIGEST)


def test_a_told_period_names_its_digest(outbox: Store) -> None:
    told = Period("jades", "2026-11-21", NOON - timedelta(days=1), NOON, NOON, is_checked=True, digest_id="d1")
    quiet = Period("jades", "2026-11-22", NOON, NOON + timedelta(days=1), NOON, is_checked=True, digest_id=None)
    with outbox.writing() as connection:
        for period in (told, quiet):
            periods.claim(connection, period.subscription, period.label, NOON)
            periods.close(connection, period)
    with outbox.reading() as connection:
        assert periods.recent(connection, "jades", 2) == [quiet, told]
        assert periods.last_told(connection, "jades") == told
        assert periods.last_told(connection, "ceers") is None
