"""Send what waits in the outbox: one message after the other by each channel, all channels at the same time.

A message is taken in the store before it is sent, and what came of it is kept before the next one is begun. So
where a process is killed, each channel has one message at most that may have arrived and is sent again.

Each channel has a thread with an event loop, in which it also waits for the store: it holds up no other, and no
message costs a change of threads.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import structlog
from structlog.contextvars import bound_contextvars

from pedigreed.model.delivery import (
    GIVEN_UP,
    Delivery,
    DeliveryState,
    Outcome,
    Refused,
    Retry,
    Scope,
    Sent,
    Unsure,
)
from pedigreed.model.failure import TryAgain
from pedigreed.model.instant import iso
from pedigreed.model.pause import LONGEST, Pause, Paused
from pedigreed.service.after_attempt import (
    are_of_channel,
    beside_others_taken,
    decide,
    given_up_by,
    held,
    is_held_for,
    pause_after,
)
from pedigreed.service.one_run import Stop
from pedigreed.store import deliveries as stored_deliveries
from pedigreed.store import pauses as stored_pauses
from pedigreed.store.live_processes import Life

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from pedigreed.delivery.channels import Channel
    from pedigreed.model.delivery import Message
    from pedigreed.store.database import Store

AGE_LIMIT = timedelta(days=3)
"""When a message is given up, unless the configuration says otherwise."""

LEASE = timedelta(minutes=60)
"""How long a process may keep a message that it took before another process takes it up."""

HAND_OVER_LIMIT = timedelta(minutes=40)
"""How long one message may take: longer than any channel's own limits, and shorter than the lease."""

A_FEW = 16
"""How many messages are taken at once. Those of a killed process are taken up when it is known to be gone."""

ENOUGH_REFUSALS = 20
"""Where so many recipients are refused in a row and nothing is taken, the rest of a run is not tried."""

ROOM = 8 << 20
"""Bytes that the store's disk has to have left for what comes of a message."""

RESTARTED_WITHIN = 20.0
"""Seconds that what came of a message waits for the store's server to be back."""

SHORT_PAUSE = timedelta(minutes=1)
"""A pause that a destination asks for is waited out if it is shorter than this."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms messages are sent.

    Attributes:
        clock: gives the moment, UTC.
        give_up_after: the age limit of a message.
        jitter: gives a number from 0 to 1, for the length of pauses.
        owner: the number by which other processes know whether this one lives; None for a process that is alone.
    """

    clock: Callable[[], datetime]
    give_up_after: timedelta
    jitter: Callable[[], float]
    owner: int | None = None


def deliver(
    store: Store,
    channels: Mapping[str, Channel],
    now: datetime,
    *,
    give_up_after: timedelta = AGE_LIMIT,
    jitter: Callable[[], float] = random.random,
    stop: Stop | None = None,
) -> list[Delivery]:
    """Try everything that is due. Gives each delivery as it stands afterwards, without its bytes.

    Where a transaction of the store fails, that channel sends nothing more. The failure is raised once the other
    channels are done.

    Args:
        store: where the outbox is.
        channels: by name.
        now: UTC; time goes on from there while messages are sent.
        give_up_after: the age limit of a message.
        jitter: gives a number from 0 to 1, for the length of pauses.
        stop: when it is said, what is being sent is sent to its end, and nothing more is begun.
    """
    began = time.monotonic()
    owner = secrets.randbits(31)
    terms = Terms(lambda: now + timedelta(seconds=time.monotonic() - began), give_up_after, jitter, owner)
    with store.writing() as connection:
        stored_deliveries.bring_forward(connection, now + LONGEST, now)
        gone = stored_deliveries.open_channels(connection, without=channels.keys())
    stop = stop or Stop()
    queues = [Queue(store, name, channel, terms, stop) for name, channel in channels.items()]
    queues += [Queue(store, name, None, terms, stop) for name in gone]
    with store.alive(Life.SENDING, owner), ThreadPoolExecutor(len(queues) or 1) as threads:
        sending = [threads.submit(copy_context().run, queue.run) for queue in queues]
        try:
            wait(sending)
        except BaseException:
            # It is interrupted, and would wait for who does not answer.
            for queue in queues:
                queue.call_off()
            raise
    tried = [delivery for each in sending for delivery in each.result()]
    return sorted(tried, key=lambda delivery: delivery.key)


@dataclass(frozen=True, slots=True)
class _Tried:
    """One attempt: what came of it, and when it began (UTC)."""

    delivery: Delivery
    outcome: Outcome
    at: datetime

    @property
    def asked_pause(self) -> timedelta | None:
        """How long the whole channel is to be left alone at least; None where only the message has to wait."""
        match self.outcome:
            case Retry(_, after, Scope.CHANNEL_BUSY | Scope.CHANNEL_BROKEN):
                return after
        return None


class Queue:
    """What waits for one channel. Of several processes on one store, each message goes to one."""

    def __init__(
        self,
        store: Store,
        name: str,
        channel: Channel | None,
        terms: Terms,
        stop: Stop,
    ) -> None:
        """Describe the queue. A channel of None is one that the configuration does not have any more."""
        self._store = store
        self._name = name
        self._channel = channel
        self._terms = terms
        self._stop = stop
        self._sending: asyncio.Task[list[Delivery]] | None = None
        self._taken: deque[Delivery] = deque()
        self._pause: Pause | None = None
        self._refused: list[_Tried] = []
        self._has_taken_one = False
        self._settled: dict[int, Delivery] = {}
        self._log = structlog.get_logger().bind(channel=name)

    def run(self) -> list[Delivery]:
        """Send until nothing is due. Gives each delivery as it stands afterwards, without its bytes.

        Raises as a transaction of the store does.
        """
        return asyncio.run(self._send_all())

    def call_off(self) -> None:
        """Let what is being sent go, from another thread."""
        if self._sending is not None:
            with suppress(RuntimeError):  # its loop is closed: it has ended
                self._sending.get_loop().call_soon_threadsafe(self._sending.cancel)

    async def _send_all(self) -> list[Delivery]:
        self._sending = asyncio.current_task()
        try:
            while self._has_more():
                at = self._terms.clock()
                if not _may_be_sent(self._taken[0], at):
                    self._in_a_transaction(self._give_back)
                    continue
                delivery = self._taken.popleft()
                tried = _Tried(delivery, await self._try(delivery), at)
                self._note(await self._kept(tried))
                if tried.asked_pause is not None and not await self._waited_out(tried.asked_pause):
                    break
            if self._refused:
                self._note(self._in_a_transaction(self._judge_refusals))
                self._log_pause()
        finally:
            if self._channel is not None:
                await self._channel.close()
        return list(self._settled.values())

    def _has_more(self) -> bool:
        """Whether there is a message to be tried next. More are taken when the last of a few was tried."""
        if self._stop.is_said or self._is_refused_enough():
            if self._taken:
                self._in_a_transaction(self._give_back)
            return False
        if not self._taken:
            self._in_a_transaction(self._take)
        return bool(self._taken)

    def _is_refused_enough(self) -> bool:
        """Whether what was refused in this run shows that the channel takes nothing."""
        is_as_before = bool(self._refused) and is_held_for(self._pause, self._refused[-1].outcome)
        return is_as_before or len(self._refused) >= ENOUGH_REFUSALS

    async def _try(self, delivery: Delivery) -> Outcome:
        # What a library has to say meanwhile is about this message.
        with bound_contextvars(digest=delivery.digest_id, message_id=delivery.message.message_id):
            return await self._hand_over(delivery.message)

    async def _hand_over(self, message: Message) -> Outcome:
        if self._channel is None:
            reason = f"the configuration has no channel {self._name!r} any more"
            return Retry(reason, scope=Scope.CHANNEL_BROKEN)
        try:
            async with asyncio.timeout(HAND_OVER_LIMIT.total_seconds()):
                return await self._channel.send(message)
        except TimeoutError:
            return Unsure(f"no end of it within {HAND_OVER_LIMIT.total_seconds() / 60:.0f} minutes")
        except asyncio.CancelledError:
            sending = asyncio.current_task()
            if sending is not None and sending.cancelling():
                raise
            # Not the sending was cancelled, but something that the channel waited for.
            return Unsure("what it waited for was called off")
        except Exception as error:  # noqa: BLE001  # whatever it is, it is one message's
            # A fault of ours with one message must not stop the others. Its words might hold a secret.
            self._log.exception("a channel failed")
            return Unsure(f"pedigreed failed: {type(error).__name__}")

    async def _waited_out(self, asked: timedelta) -> bool:
        """Whether the pause that just began is over. A short one that the destination asked for is waited for."""
        pause = self._pause
        assert pause is not None
        self._log_pause()
        left = pause.until - self._terms.clock()
        if not timedelta(0) < asked < SHORT_PAUSE or left > SHORT_PAUSE:
            return False
        loop, is_ending = asyncio.get_running_loop(), asyncio.Event()
        with self._stop.heard_by(lambda: loop.call_soon_threadsafe(is_ending.set)), suppress(TimeoutError):
            await asyncio.wait_for(is_ending.wait(), max(0.0, left.total_seconds()))
        return True

    def _in_a_transaction(self, work: Callable[[Connection], T]) -> T:
        with self._store.writing() as connection:
            return work(connection)

    def _take(self, connection: Connection) -> None:
        """Take a few messages that are due. After a pause of the channel one message tries whether it is over."""
        now = self._terms.clock()
        self._pause = pause = stored_pauses.load(connection, Paused.CHANNEL).get(self._name)
        if pause is None or not pause.holds(now):
            limit = A_FEW if pause is None else 1
            self._taken.extend(
                stored_deliveries.claim(connection, self._name, now, now + LEASE, limit, owner=self._terms.owner)
            )
        if self._taken:
            # Without room for what comes of a message, it would be sent again and again.
            self._store.want_room(ROOM)

    def _give_back(self, connection: Connection) -> None:
        stored_deliveries.release(connection, self._taken, self._terms.clock())
        self._taken.clear()

    async def _kept(self, tried: _Tried) -> list[Delivery]:
        """Keep what came of one message, also where the server is being restarted: otherwise it goes again."""
        taken, refused, pause = tuple(self._taken), list(self._refused), self._pause
        end = time.monotonic() + RESTARTED_WITHIN
        while True:
            try:
                return self._in_a_transaction(partial(self._keep, tried=tried))
            except TryAgain:
                if not self._store.is_shared or time.monotonic() > end:
                    raise
                self._taken, self._refused, self._pause = deque(taken), list(refused), pause
            await asyncio.sleep(1)

    def _keep(self, connection: Connection, tried: _Tried) -> list[Delivery]:
        """Keep what came of one message, and what follows for the channel. Gives what became of deliveries."""
        if self._has_taken_one and isinstance(tried.outcome, Refused):
            tried = replace(tried, outcome=beside_others_taken(tried.outcome))
        after = self._decided(tried)
        if isinstance(tried.outcome, Refused) and after.state is DeliveryState.REFUSED and not self._has_taken_one:
            # Whether it is the recipient's or the channel's, the rest of the run shows.
            self._refused.append(tried)
            return []
        kept = [*self._final_refusals(connection), after] if isinstance(tried.outcome, Sent) else [after]
        if after.message != tried.delivery.message:
            stored_deliveries.lighten(connection, after)
        if not stored_deliveries.settle(connection, [after]):
            # Another process took this one for gone, and has taken up with it what is to be sent next.
            self._give_back(connection)
        return kept + self._keep_pause(connection, tried.outcome, tried.at)

    def _final_refusals(self, connection: Connection) -> list[Delivery]:
        """The channel takes messages: what it refused in this run is no word on the channel."""
        self._has_taken_one = True
        final = [
            self._decided(replace(tried, outcome=beside_others_taken(tried.outcome))) for tried in self._refused
        ]
        self._refused.clear()
        stored_deliveries.settle(connection, final)
        return final

    def _judge_refusals(self, connection: Connection) -> list[Delivery]:
        """Keep the refusals of a run in which nothing was taken. Those that are the channel's hold it."""
        refusals = [
            (tried.delivery.message.recipient, tried.outcome)
            for tried in self._refused
            if isinstance(tried.outcome, Refused)
        ]
        verdicts = are_of_channel(refusals, self._pause)
        judged = [
            replace(tried, outcome=held(refused)) if is_of_channel else tried
            for tried, (_, refused), is_of_channel in zip(self._refused, refusals, verdicts, strict=True)
        ]
        self._refused.clear()
        kept = [self._decided(tried) for tried in judged]
        stored_deliveries.settle(connection, kept)
        decisive = next((tried for tried in judged if tried.asked_pause is not None), judged[-1])
        return kept + self._keep_pause(connection, decisive.outcome, decisive.at)

    def _decided(self, tried: _Tried) -> Delivery:
        terms = self._terms
        return decide(
            tried.delivery, tried.outcome, tried.at, give_up_after=terms.give_up_after, jitter=terms.jitter()
        )

    def _keep_pause(self, connection: Connection, outcome: Outcome, at: datetime) -> list[Delivery]:
        """Begin, lengthen or end the channel's pause after an outcome. Gives what is given up with it."""
        terms = self._terms
        pause = pause_after(self._name, self._pause, outcome, at, jitter=terms.jitter())
        if pause is not None:
            self._give_back(connection)
            stored_pauses.begin(connection, pause)
            self._pause = pause
            created_by = given_up_by(pause, at, terms.give_up_after)
            if created_by is not None:
                return stored_deliveries.expire(connection, self._name, created_by, pause.reason, at)
        elif self._pause is not None and not isinstance(outcome, Unsure):
            stored_pauses.end(connection, Paused.CHANNEL, self._name)
            self._pause = None
        return []

    def _log_pause(self) -> None:
        pause = self._pause
        if pause is not None:
            self._log.warning("channel paused", until=iso(pause.until), reason=pause.reason)

    def _note(self, kept: Iterable[Delivery]) -> None:
        for delivery in kept:
            self._settled[delivery.key] = replace(delivery, message=replace(delivery.message, content=b""))
            (self._log.warning if delivery.state in GIVEN_UP else self._log.info)(
                "delivery",
                digest=delivery.digest_id,
                message_id=delivery.message.message_id,
                state=delivery.state.value,
                attempts=delivery.attempts,
                outcome=delivery.last_outcome,
            )


def _may_be_sent(delivery: Delivery, now: datetime) -> bool:
    """Whether no other process can take the message up before it is sent: this one may have been suspended."""
    return delivery.next_attempt_at is not None and now + HAND_OVER_LIMIT <= delivery.next_attempt_at
