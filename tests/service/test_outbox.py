"""The outbox: every channel goes its own way, and what is kept is right whatever happens on it."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import threading
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import structlog
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from pedigreed.model.delivery import Delivery, DeliveryState, Message, Outcome, Refused, Retry, Scope, Sent, Unsure
from pedigreed.model.failure import TryAgain
from pedigreed.model.pause import Pause, Paused
from pedigreed.service import after_attempt
from pedigreed.service.one_run import Stop, take_back
from pedigreed.service.outbox import A_FEW, AGE_LIMIT, ENOUGH_REFUSALS, LEASE, Queue, Terms, deliver
from pedigreed.store import deliveries as stored_deliveries
from pedigreed.store import pauses as stored_pauses
from pedigreed.store.database import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from pedigreed.delivery.channels import Channel

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BUSY = Retry("the server can't be reached", scope=Scope.CHANNEL_BUSY)
BROKEN = Retry("404 no_service", scope=Scope.CHANNEL_BROKEN)


def takes(_message: Message) -> Outcome:
    return Sent("ok")


@dataclass
class Destination:
    """Answers as it is told, and remembers everything that was handed to it."""

    answer: Callable[[Message], Outcome] = takes
    handed: list[Message] = field(default_factory=list)
    is_open: bool = False

    async def send(self, message: Message) -> Outcome:
        self.is_open = True
        self.handed.append(message)
        await asyncio.sleep(0)
        return self.answer(message)

    async def close(self) -> None:
        self.is_open = False


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    with Store(store_url) as opened:
        yield opened


def enqueue(store: Store, channel: str, count: int, created: datetime = NOON) -> list[str]:
    names = [f"{channel}-{number:04d}-{created:%d%H%M}" for number in range(count)]
    messages = [Message(name, channel, f"{name}@x.example", "s@x.example", "news", b"bytes") for name in names]
    with store.writing() as connection:
        stored_deliveries.enqueue(connection, None, messages, created)
    return names


def run(store: Store, channels: Mapping[str, Channel], now: datetime = NOON) -> list[Delivery]:
    return deliver(store, channels, now, jitter=lambda: 0.0)


def names(messages: list[Message]) -> list[str]:
    return [message.message_id for message in messages]


def states(store: Store) -> dict[DeliveryState, int]:
    with store.reading() as connection:
        return stored_deliveries.counts(connection)


@pytest.mark.failure("several processes share a store on PostgreSQL")
def test_who_was_taken_for_gone_sends_nothing_more_of_what_it_had_taken(store: Store) -> None:
    enqueue(store, "keep", A_FEW)

    def is_taken_from(_message: Message) -> Outcome:
        take_back(store, NOON + MINUTE)
        with store.writing() as connection:
            stored_deliveries.claim(connection, "keep", NOON + MINUTE, NOON + LEASE, A_FEW)
        return Sent("ok")

    destination = Destination(is_taken_from)
    run(store, {"keep": destination})
    assert len(destination.handed) == 1
    assert states(store) == {DeliveryState.SENDING: A_FEW}, "they are the other's to send"


def pause_of(store: Store, channel: str) -> Pause | None:
    with store.reading() as connection:
        return stored_pauses.load(connection, Paused.CHANNEL).get(channel)


@pytest.mark.parametrize("count", [0, 1, A_FEW, 3 * A_FEW + 5])
def test_every_message_is_sent_once_in_its_order(store: Store, count: int) -> None:
    waiting = enqueue(store, "keep", count)
    destination = Destination()
    tried = run(store, {"keep": destination})
    assert names(destination.handed) == waiting
    assert [delivery.state for delivery in tried] == [DeliveryState.SENT] * count
    assert states(store) == ({DeliveryState.SENT: count} if count else {})
    assert not destination.is_open, "a channel is closed at the end of a batch"
    assert run(store, {"keep": destination}) == []


def test_what_is_given_back_has_no_bytes(store: Store) -> None:
    """Ten thousand mails of a megabyte would fill the memory."""
    enqueue(store, "keep", 1)
    (tried,) = run(store, {"keep": Destination()})
    assert tried.message.content == b""


@pytest.mark.failure("a destination does not answer")
def test_a_channel_that_never_answers_holds_up_no_other(store: Store) -> None:
    enqueue(store, "stuck", 2)
    enqueue(store, "keep", 3 * A_FEW)
    others_are_done = threading.Event()

    class Keep(Destination):
        async def close(self) -> None:
            others_are_done.set()

    class Stuck(Destination):
        async def send(self, message: Message) -> Outcome:
            assert await asyncio.to_thread(others_are_done.wait, 60)
            return await super().send(message)

    stuck, keep = Stuck(), Keep()
    run(store, {"stuck": stuck, "keep": keep})
    assert (len(stuck.handed), len(keep.handed)) == (2, 3 * A_FEW)


@pytest.mark.failure("pedigreed itself fails with one message")
def test_a_fault_of_ours_with_one_message_stops_no_other_and_keeps_none_of_its_words(store: Store) -> None:
    poisoned, *others = enqueue(store, "keep", 3)

    def answer(message: Message) -> Outcome:
        if message.message_id == poisoned:
            raise KeyError("hunter2")
        return Sent()

    destination = Destination(answer)
    tried = run(store, {"keep": destination})
    assert [delivery.state for delivery in tried] == [DeliveryState.WAITING, *[DeliveryState.SENT] * 2]
    assert tried[0].last_outcome == "pedigreed failed: KeyError"
    assert names(destination.handed)[1:] == others
    again = run(store, {"keep": destination}, NOON + 2 * MINUTE)
    assert [delivery.state for delivery in again] == [DeliveryState.UNSURE], "it is repeated once"


def test_what_is_logged_while_a_message_is_handed_over_names_it(store: Store) -> None:
    def talks(_message: Message) -> Outcome:
        structlog.get_logger().info("a word")
        return Sent("ok")

    waiting = enqueue(store, "keep", 2)
    with capture_logs(processors=[merge_contextvars]) as told:
        run(store, {"keep": Destination(talks)})
    words = [event for event in told if event["event"] == "a word"]
    assert [(event["message_id"], event["digest"]) for event in words] == [(name, None) for name in waiting]


@pytest.mark.parametrize(("outcome", "needs_mending"), [(BUSY, False), (BROKEN, True)])
def test_a_channel_that_takes_nothing_is_asked_once_and_keeps_what_waits(
    store: Store, outcome: Outcome, *, needs_mending: bool
) -> None:
    waiting = enqueue(store, "keep", 3 * A_FEW)
    destination = Destination(lambda _: outcome)
    (tried,) = run(store, {"keep": destination})
    assert len(destination.handed) == 1
    assert tried.state is DeliveryState.WAITING
    assert states(store) == {DeliveryState.WAITING: 3 * A_FEW}
    pause = pause_of(store, "keep")
    assert pause is not None
    assert pause.needs_mending is needs_mending
    assert run(store, {"keep": destination}, pause.until - MINUTE / 2) == []
    destination.answer = takes
    run(store, {"keep": destination}, pause.until + MINUTE)
    assert sorted(names(destination.handed[1:])) == sorted(waiting), "nothing waits longer than its channel"
    assert pause_of(store, "keep") is None


def test_a_channel_that_stays_broken_is_probed_with_one_message_at_growing_pauses(store: Store) -> None:
    enqueue(store, "keep", 5)
    destination = Destination(lambda _: BROKEN)
    now, pauses = NOON, []
    for _ in range(4):
        run(store, {"keep": destination}, now)
        pause = pause_of(store, "keep")
        assert pause is not None
        pauses.append(round((pause.until - now) / MINUTE))
        now = pause.until + MINUTE
    assert pauses == [15, 60, 240, 240]
    assert len(destination.handed) == 4


def test_a_pause_that_is_asked_for_is_waited_out_where_it_is_short(store: Store) -> None:
    waiting = enqueue(store, "slack", 3)
    answers: list[Outcome] = [Sent(), Retry("429", timedelta(seconds=0.2), Scope.CHANNEL_BUSY)]
    destination = Destination(lambda _: answers.pop(0) if answers else Sent())
    run(store, {"slack": destination})
    assert states(store) == {DeliveryState.SENT: 3}
    assert sorted(names(destination.handed)) == sorted([*waiting, waiting[1]])


def test_a_pause_that_is_asked_for_and_long_lets_the_run_end(store: Store) -> None:
    enqueue(store, "slack", 3)
    destination = Destination(lambda _: Retry("429", timedelta(minutes=10), Scope.CHANNEL_BUSY))
    run(store, {"slack": destination})
    pause = pause_of(store, "slack")
    assert pause is not None
    assert pause.until - pause.since == timedelta(minutes=10)


@pytest.mark.failure("the age limit of a digest passes")
def test_what_a_dead_channel_kept_too_long_is_given_up_and_the_young_is_not(store: Store) -> None:
    enqueue(store, "keep", 2 * A_FEW)
    destination = Destination(lambda _: BROKEN)
    now = NOON
    while now < NOON + AGE_LIMIT - MINUTE:
        run(store, {"keep": destination}, now)
        pause = pause_of(store, "keep")
        assert pause is not None
        now = pause.until + MINUTE
    assert states(store) == {DeliveryState.WAITING: 2 * A_FEW}
    enqueue(store, "keep", 3, created=now)
    run(store, {"keep": destination}, max(now, NOON + AGE_LIMIT))
    assert states(store) == {DeliveryState.EXPIRED: 2 * A_FEW, DeliveryState.WAITING: 3}


@pytest.mark.failure("the host slept for days")
def test_a_machine_that_slept_for_a_week_still_sends_what_waits(store: Store) -> None:
    enqueue(store, "keep", 3)
    destination = Destination(lambda _: BUSY)
    run(store, {"keep": destination})
    run(store, {"keep": destination}, NOON + timedelta(days=7))
    assert states(store) == {DeliveryState.WAITING: 3}
    destination.answer = takes
    run(store, {"keep": destination}, NOON + timedelta(days=7, hours=1))
    assert states(store) == {DeliveryState.SENT: 3}


def test_a_channel_that_the_configuration_lost_keeps_its_messages(store: Store) -> None:
    enqueue(store, "gone", 2)
    (tried,) = run(store, {})
    assert tried.last_outcome == "the configuration has no channel 'gone' any more"
    assert states(store) == {DeliveryState.WAITING: 2}
    pause = pause_of(store, "gone")
    assert pause is not None
    destination = Destination()
    run(store, {"gone": destination}, pause.until + MINUTE)
    assert len(destination.handed) == 2


def test_a_word_on_one_message_ends_a_pause_and_no_word_does_not(store: Store) -> None:
    for outcome, is_over in ((Refused("550"), True), (Retry("451"), True), (Unsure("no answer"), False)):
        channel = f"keep-{is_over}-{type(outcome).__name__}".lower()
        enqueue(store, channel, 1)
        run(store, {channel: Destination(lambda _: BUSY)})
        answer = outcome
        run(store, {channel: Destination(lambda _, answer=answer: answer)}, NOON + 5 * MINUTE)  # type: ignore[misc]  # a default binds the loop's value
        assert (pause_of(store, channel) is None) is is_over, outcome


@pytest.mark.failure("the process is killed after the digest is kept, before it is sent")
def test_what_a_killed_process_took_waits_for_its_lease_or_is_taken_back(store: Store) -> None:
    waiting = enqueue(store, "keep", A_FEW + 2)
    with store.writing() as connection:
        taken = stored_deliveries.claim(connection, "keep", NOON, NOON + LEASE, A_FEW)
    destination = Destination()
    run(store, {"keep": destination}, NOON + MINUTE)
    assert names(destination.handed) == waiting[A_FEW:]
    take_back(store, NOON + MINUTE)
    tried = run(store, {"keep": destination}, NOON + MINUTE)
    assert sorted(names(destination.handed)) == sorted(waiting)
    assert all(delivery.maybe_repeated for delivery in tried)
    assert len(tried) == len(taken)


def test_what_was_taken_long_ago_is_given_back_and_not_sent_on_an_old_lease(store: Store) -> None:
    """A machine may be suspended between taking and sending; another may have the message since."""
    enqueue(store, "keep", 1)
    clock = iter([NOON, NOON + LEASE, *[NOON + LEASE + MINUTE] * 20])
    destination = Destination()

    terms = Terms(lambda: next(clock), AGE_LIMIT, lambda: 0.0)
    tried = Queue(store, "keep", destination, terms, Stop()).run()
    assert [delivery.state for delivery in tried] == [DeliveryState.SENT]
    assert len(destination.handed) == 1
    assert tried[0].attempts == 1, "what was given back was not tried"


@pytest.mark.failure("the process is killed after the destination took it, before that is kept")
def test_a_process_that_ends_anywhere_leaves_one_message_that_may_be_repeated(store: Store) -> None:
    waiting = enqueue(store, "keep", 3 * A_FEW)

    class Ended(SystemExit):
        """Nothing of ours may catch it."""

    def answer(message: Message) -> Outcome:
        if message.message_id == waiting[A_FEW + 2]:
            raise Ended
        return Sent()

    first, second = Destination(answer), Destination()
    with pytest.raises(Ended):
        run(store, {"keep": first})
    take_back(store, NOON + MINUTE)
    run(store, {"keep": second}, NOON + MINUTE)
    assert names(first.handed) == waiting[: A_FEW + 3]
    assert sorted(names(second.handed)) == waiting[A_FEW + 2 :], "what was answered before is kept"
    assert states(store) == {DeliveryState.SENT: 3 * A_FEW}


def test_a_lighter_form_is_kept_and_sent_in_the_same_run(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    enqueue(store, "keep", 1)
    destination = Destination(
        lambda message: Refused("552 too large", of_form=True) if message.content == b"bytes" else Sent()
    )

    def lighter_form(message: Message, _reason: str) -> Message:
        return Message(
            message.message_id, message.channel, message.recipient, message.sender, message.subject, b"b"
        )

    monkeypatch.setattr(after_attempt, "lighter_form", lighter_form)
    (tried,) = run(store, {"keep": destination})
    assert tried.state is DeliveryState.SENT
    assert [message.content for message in destination.handed] == [b"bytes", b"b"]


def test_a_stop_lets_the_message_in_hand_arrive_and_gives_the_rest_back(store: Store) -> None:
    waiting = enqueue(store, "keep", 10)
    stop = Stop()

    class Slow(Destination):
        async def send(self, message: Message) -> Outcome:
            outcome = await super().send(message)
            if len(self.handed) == 2:
                stop.say()
                await asyncio.sleep(0.05)
            return outcome

    slow = Slow()
    deliver(store, {"keep": slow}, NOON, stop=stop)
    assert names(slow.handed) == waiting[:2]
    assert states(store) == {DeliveryState.SENT: 2, DeliveryState.WAITING: 8}
    tried = run(store, {"keep": Destination()}, NOON + MINUTE)
    assert [(each.attempts, each.maybe_repeated) for each in tried] == [(1, False)] * 8


def test_a_stop_that_was_said_before_begins_nothing(store: Store) -> None:
    enqueue(store, "keep", 3)
    stop, destination = Stop(), Destination()
    stop.say()
    assert deliver(store, {"keep": destination}, NOON, stop=stop) == []
    assert destination.handed == []


def test_a_stop_ends_a_pause_that_is_waited_out(store: Store) -> None:
    enqueue(store, "slack", 3)
    stop = Stop()

    def answer(_message: Message) -> Outcome:
        stop.say()
        return Retry("429", timedelta(seconds=50), Scope.CHANNEL_BUSY)

    sending = threading.Thread(
        target=deliver, args=(store, {"slack": Destination(answer)}, NOON), kwargs={"stop": stop}, daemon=True
    )
    sending.start()
    sending.join(20)
    assert not sending.is_alive()
    assert states(store) == {DeliveryState.WAITING: 3}


def test_an_interrupt_waits_for_nobody_who_does_not_answer(store: Store) -> None:
    enqueue(store, "stuck", 2)

    class Stuck(Destination):
        async def send(self, message: Message) -> Outcome:
            self.is_open = True
            self.handed.append(message)
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            await asyncio.sleep(600)
            raise AssertionError

    stuck = Stuck()
    with pytest.raises(KeyboardInterrupt):
        run(store, {"stuck": stuck})
    assert len(stuck.handed) == 1
    assert not stuck.is_open
    assert states(store) == {DeliveryState.SENDING: 2}, "whether it arrived is not known"


@pytest.mark.failure("pedigreed itself fails with one message")
def test_a_channel_whose_own_work_is_cancelled_stops_no_other_message(store: Store) -> None:
    enqueue(store, "keep", 3)

    class CalledOff(Destination):
        async def send(self, message: Message) -> Outcome:
            del message
            own = asyncio.create_task(asyncio.sleep(600))
            own.cancel()
            await own
            raise AssertionError

    assert [each.unsure for each in run(store, {"keep": CalledOff()})] == [1, 1, 1]


@pytest.mark.failure("the disk is full")
def test_a_store_that_can_keep_nothing_more_ends_the_sending_by_a_channel(tmp_path: Path) -> None:
    path = tmp_path / "pedigreed.db"
    with Store(f"sqlite:///{path}", busy_seconds=0.05) as store:
        enqueue(store, "keep", 5)
        with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:

            def answer(_message: Message) -> Outcome:
                if len(channel.handed) == 2:
                    other.execute("BEGIN IMMEDIATE")
                return Sent()

            channel = Destination(answer)
            with pytest.raises(TryAgain, match="in use by another process"):
                run(store, {"keep": channel})
    assert len(channel.handed) == 2, "nothing more is sent"
    assert not channel.is_open


NO_USER = Refused("550 5.1.1 no such user")
PROHIBITED = Refused("550 Administrative prohibition", is_certain=False)


def answers(*outcomes: Outcome) -> Destination:
    left = list(outcomes)
    return Destination(lambda _: left.pop(0) if left else Sent())


@pytest.mark.failure("every recipient of a run gets the same permanent answer")
def test_what_is_said_of_every_recipient_is_the_channels_and_loses_nothing(store: Store) -> None:
    waiting = enqueue(store, "email", 3)
    destination = Destination(
        lambda message: Refused(f"550 5.1.1 <{message.recipient}>: no, id {len(refusals)}x7")
    )
    refusals = destination.handed
    run(store, {"email": destination})
    assert states(store) == {DeliveryState.WAITING: 3}
    pause = pause_of(store, "email")
    assert pause is not None
    assert pause.needs_mending
    assert "held against no recipient" in pause.reason
    later = pause.until + MINUTE
    run(store, {"email": destination}, later)
    assert len(refusals) == 4, "one message tries whether it is over"
    pause = pause_of(store, "email")
    assert pause is not None
    assert pause.tries == 2
    destination.answer = takes
    run(store, {"email": destination}, pause.until + MINUTE)
    assert states(store) == {DeliveryState.SENT: 3}
    assert sorted(names(refusals[4:])) == sorted(waiting)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([NO_USER], {DeliveryState.REFUSED: 1}),
        ([NO_USER, Sent()], {DeliveryState.REFUSED: 1, DeliveryState.SENT: 1}),
        ([Sent(), NO_USER, NO_USER], {DeliveryState.REFUSED: 2, DeliveryState.SENT: 1}),
        ([NO_USER, Refused("552 5.2.2 mailbox full")], {DeliveryState.REFUSED: 2}),
        ([NO_USER, NO_USER], {DeliveryState.WAITING: 2}),
        ([PROHIBITED], {DeliveryState.WAITING: 1}),
        ([PROHIBITED, NO_USER], {DeliveryState.WAITING: 1, DeliveryState.REFUSED: 1}),
        ([PROHIBITED, Sent()], {DeliveryState.WAITING: 1, DeliveryState.SENT: 1}),
        ([Sent(), PROHIBITED], {DeliveryState.WAITING: 1, DeliveryState.SENT: 1}),
    ],
)
def test_a_refusal_is_given_up_where_the_run_shows_that_it_is_the_recipients(
    store: Store, said: list[Outcome], expected: dict[DeliveryState, int]
) -> None:
    enqueue(store, "email", len(said))
    run(store, {"email": answers(*said)})
    assert states(store) == expected
    is_held = DeliveryState.WAITING in expected and DeliveryState.SENT not in expected
    assert (pause_of(store, "email") is not None) is is_held


def test_a_channel_that_refuses_everything_is_not_asked_for_each_of_thousands(store: Store) -> None:
    enqueue(store, "email", 2 * ENOUGH_REFUSALS)
    destination = Destination(lambda _: NO_USER)
    run(store, {"email": destination})
    assert len(destination.handed) == ENOUGH_REFUSALS
    assert states(store) == {DeliveryState.WAITING: 2 * ENOUGH_REFUSALS}


@pytest.mark.failure("a chat answers something else than ok")
def test_what_was_answered_and_not_understood_is_not_posted_twice(store: Store) -> None:
    enqueue(store, "team", 1)
    destination = answers(Unsure("200 <html>", may_be_repeated=False))
    (tried,) = run(store, {"team": destination})
    assert tried.state is DeliveryState.UNSURE
    run(store, {"team": destination}, NOON + timedelta(days=1))
    assert len(destination.handed) == 1
