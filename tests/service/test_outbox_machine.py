"""The outbox under any mixture of answers, crashes, leases and orders: what it owes each message, always."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select
from sqlalchemy.engine import make_url

from examples import examples
from pedigreed.model.delivery import DeliveryState, Message, Outcome, Refused, Retry, Scope, Sent, Unsure
from pedigreed.service.one_run import take_back
from pedigreed.service.outbox import AGE_LIMIT, LEASE, deliver
from pedigreed.store import deliveries as stored_deliveries
from pedigreed.store import listed_deliveries
from pedigreed.store.database import Store
from pedigreed.store.tables import deliveries

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CHANNELS = ("email", "team")

OVER = {
    DeliveryState.SENT,
    DeliveryState.REFUSED,
    DeliveryState.EXPIRED,
    DeliveryState.UNSURE,
    DeliveryState.CANCELLED,
}

outcomes = st.sampled_from(
    [
        Sent("250 taken"),
        Sent("250 taken"),
        Retry("451 greylisted"),
        Retry("429", timedelta(minutes=20), Scope.CHANNEL_BUSY),
        Retry("the server can't be reached", scope=Scope.CHANNEL_BUSY),
        Retry("404 no_service", scope=Scope.CHANNEL_BROKEN),
        Refused("550 no such user"),
        Unsure("no answer, and it came"),
        Unsure("no answer, and it did not come"),
    ]
)


class Killed(SystemExit):
    """The process ends here: nothing of ours may catch it."""


@dataclass
class World:
    """What the destinations saw of each message: hand-overs, and how many of them arrived.

    Attributes:
        handed: message -> how often it was handed over whole.
        arrived: message -> how often it arrived.
        excused: message -> how many further hand-overs are excused: by no answer, by a crash after it, or by a
            person who ordered it.
        unanswered: message -> hand-overs without an answer since a person last ordered it.
        bytes_of: message -> what was handed over.
    """

    handed: Counter[str] = field(default_factory=Counter)
    arrived: Counter[str] = field(default_factory=Counter)
    excused: Counter[str] = field(default_factory=Counter)
    unanswered: Counter[str] = field(default_factory=Counter)
    bytes_of: dict[str, set[bytes]] = field(default_factory=dict)


@dataclass
class Destination:
    """Answers from a list, and kills the process before or after it took its n-th message."""

    world: World
    answers: list[Outcome]
    killed_at: int | None
    is_killed_after: bool

    async def send(self, message: Message) -> Outcome:
        name = message.message_id
        is_last = self.killed_at == 0
        if self.killed_at is not None:
            self.killed_at -= 1
        if is_last and not self.is_killed_after:
            raise Killed
        outcome = self.answers.pop(0) if self.answers else Sent("250 taken")
        if isinstance(outcome, Sent | Unsure):
            self.world.handed[name] += 1
            self.world.bytes_of.setdefault(name, set()).add(message.content)
            if not (isinstance(outcome, Unsure) and "not come" in outcome.reason):
                self.world.arrived[name] += 1
        if is_last:
            self.world.excused[name] += 1
            raise Killed
        if isinstance(outcome, Unsure):
            self.world.excused[name] += 1
            self.world.unanswered[name] += 1
        await asyncio.sleep(0)
        return outcome

    async def close(self) -> None:
        """Nothing is open."""


class Outbox(RuleBasedStateMachine):
    """One store; `new_url` gives its URL. Several processes work on it, one after the other."""

    new_url: Callable[[], str]

    def __init__(self) -> None:
        super().__init__()
        self.store = Store(self.new_url())
        self.now = NOON
        self.world = World()
        self.names: list[str] = []

    def teardown(self) -> None:
        """In the end, days of destinations that take everything leave nothing open."""
        try:
            for _ in range(8):
                self.now += 5 * LEASE
                self.deliver([], None, is_killed_after=False)
            assert not [row for row in self.rows() if row.finished_at is None]
            self.every_message_is_taken_or_open_or_given_up_for_a_reason()
            self.nothing_is_handed_over_again_without_a_reason_and_always_byte_for_byte()
        finally:
            self.close()

    def close(self) -> None:
        self.store.__exit__(None, None, None)

    @initialize(count=st.integers(1, 4))
    def first_messages(self, count: int) -> None:
        self.compose(count, CHANNELS[0])

    @rule(count=st.integers(1, 4), channel=st.sampled_from(CHANNELS))
    def compose(self, count: int, channel: str) -> None:
        names = [f"{len(self.names) + number}.{channel}@obs.example" for number in range(count)]
        messages = [Message(name, channel, name, "s@x.example", "news", f"news {name}".encode()) for name in names]
        with self.store.writing() as connection:
            stored_deliveries.enqueue(connection, None, messages, self.now)
        self.names += names

    @rule(
        answers=st.lists(outcomes, max_size=6),
        killed_at=st.none() | st.integers(0, 5),
        is_killed_after=st.booleans(),
    )
    def deliver(self, answers: list[Outcome], killed_at: int | None, *, is_killed_after: bool) -> None:
        channels = {
            name: Destination(
                self.world, list(answers), killed_at if name == CHANNELS[0] else None, is_killed_after
            )
            for name in CHANNELS
        }
        before = Counter(self.world.handed)
        with suppress(Killed):
            deliver(self.store, channels, self.now, jitter=lambda: 0.0)
        # What was answered in a process that died before it was kept may be handed over again.
        for row in self.rows():
            if row.state == DeliveryState.SENDING.value:
                self.world.excused[row.message_id] += self.world.handed[row.message_id] - before[row.message_id]

    @rule(passed=st.sampled_from([MINUTE, 20 * MINUTE, LEASE + MINUTE, 5 * LEASE, AGE_LIMIT]))
    def time_passes(self, passed: timedelta) -> None:
        self.now += passed

    @rule()
    def a_process_that_is_alone_starts(self) -> None:
        take_back(self.store, self.now)

    @rule(data=st.data())
    def a_person_orders_a_retry(self, data: st.DataObject) -> None:
        keys = {row.id: row for row in self.rows() if row.state in {"unsure", "expired", "refused"}}
        if keys:
            row = keys[data.draw(st.sampled_from(sorted(keys)))]
            with self.store.writing() as connection:
                listed_deliveries.try_again(connection, [row.id], self.now)
            self.world.excused[row.message_id] += 1
            self.world.unanswered[row.message_id] = 0

    @invariant()
    def every_message_is_taken_or_open_or_given_up_for_a_reason(self) -> None:
        rows = self.rows()
        assert [row.message_id for row in rows] == self.names
        for row in rows:
            state, name = DeliveryState(row.state), row.message_id
            assert (row.finished_at is not None) == (state in OVER)
            if state is DeliveryState.SENT:
                assert self.world.arrived[name] >= 1
            if state is DeliveryState.UNSURE:
                assert self.world.unanswered[name] == 2, "it is repeated once, and no more"

    @invariant()
    def nothing_is_handed_over_again_without_a_reason_and_always_byte_for_byte(self) -> None:
        for name, times in self.world.handed.items():
            assert times <= 1 + self.world.excused[name], name
            assert self.world.bytes_of[name] == {f"news {name}".encode()}

    @invariant()
    def what_may_have_been_repeated_is_marked(self) -> None:
        for row in self.rows():
            assert self.world.handed[row.message_id] <= 1 or row.maybe_repeated

    @invariant()
    def nothing_is_being_sent_for_longer_than_its_lease(self) -> None:
        for row in self.rows():
            assert row.state != DeliveryState.SENDING.value or row.next_attempt_at <= self.now + 2 * LEASE

    def rows(self) -> list[Any]:
        with self.store.reading() as connection:
            return list(connection.execute(select(deliveries).order_by(deliveries.c.id)))


@pytest.mark.failure("the process is killed after the destination took it, before that is kept")
@pytest.mark.failure("no answer after the whole message")
def test_the_outbox_owes_each_message_one_end_in_a_file(tmp_path: Path, migrated_file: Path) -> None:
    run(lambda: f"sqlite:///{shutil.copy(migrated_file, tmp_path / f'{uuid4().hex}.db')}", most=60)


@pytest.mark.failure("the process is killed after the destination took it, before that is kept")
@pytest.mark.failure("no answer after the whole message")
def test_the_outbox_owes_each_message_one_end_on_a_server(postgresql_url: str) -> None:
    # Making the tables anew for each example would take longer than the example.
    with Store(postgresql_url):
        pass

    def emptied() -> str:
        direct = make_url(postgresql_url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(direct, autocommit=True) as connection:
            connection.execute("TRUNCATE deliveries, contents, pauses RESTART IDENTITY CASCADE")
        return postgresql_url

    run(emptied, most=25)


def run(new_url: Callable[[], str], most: int) -> None:
    class OnThis(Outbox):
        pass

    OnThis.new_url = staticmethod(new_url)
    run_state_machine_as_test(
        OnThis,
        settings=settings(
            max_examples=examples(most),
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
