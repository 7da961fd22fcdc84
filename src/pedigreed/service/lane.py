"""The messages of one channel on their way, one after the other, while the books are kept beside them.

A message is taken in the store before it is sent, and what came of it is kept right after. A commit takes about
as long as a message, so the two go on at the same time: while messages are sent, one transaction keeps what came
of those before and takes some ahead. What is sent and not kept yet is what one transaction lasts.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from structlog.contextvars import bound_contextvars

from pedigreed.model.delivery import GIVEN_UP, Delivery, Outcome, Retry, Scope, Unsure
from pedigreed.model.failure import TryAgain
from pedigreed.model.instant import iso
from pedigreed.model.pause import Pause, Paused
from pedigreed.service.deciding import decide, given_up_by, pause_after
from pedigreed.store import deliveries as stored_deliveries
from pedigreed.store import pauses as stored_pauses

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from pedigreed.delivery.channel import Channel
    from pedigreed.model.delivery import Message
    from pedigreed.store.database import Store

LEASE = timedelta(minutes=60)
"""How long a process may keep what it took before another takes it up."""

HAND_OVER_LIMIT = timedelta(minutes=40)
"""How long one message may take: longer than any channel's own limits."""

AHEAD = 4
"""How many messages are taken before their turn. Those of a killed process wait until their lease ends."""

MOST_AHEAD = 64
"""The same where the destination is quick: twice as many after each transaction that was wanted sooner."""

KEEP_WITHIN = 0.02
"""Seconds. What came of a message is kept so soon, however many follow."""

ROOM = 8 << 20
"""Bytes that the store's disk has to have left for what comes of the messages."""

SHORT_PAUSE = timedelta(minutes=1)
"""A pause that a destination asks for is waited out if it is shorter than this."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms messages are sent.

    Attributes:
        clock: gives the moment, UTC.
        give_up_after: the age limit of a message.
        jitter: gives a number from 0 to 1.
    """

    clock: Callable[[], datetime]
    give_up_after: timedelta
    jitter: Callable[[], float]


@dataclass(frozen=True, slots=True)
class _Tried:
    """One attempt: what came of it, and when."""

    delivery: Delivery
    outcome: Outcome
    at: datetime


class Lane:
    """Everything that is due for one channel. Of several processes on one store, each message goes to one."""

    def __init__(self, store: Store, name: str, channel: Channel | None, terms: Terms) -> None:
        """Describe the lane. A channel of None is one that the configuration does not have any more."""
        self._store = store
        self._name = name
        self._channel = channel
        self._terms = terms
        self._taken: deque[Delivery] = deque()
        self._tried: list[_Tried] = []
        self._untried: list[Delivery] = []
        self._is_sending = False
        self._is_blocked = False
        self._is_ending = asyncio.Event()
        self._is_over = False
        self._failure: TryAgain | None = None
        self._asked_pause = timedelta(0)
        self._ahead = AHEAD
        self._pause: Pause | None = None
        self._is_pause_known = False
        self._change = asyncio.Condition()
        self._settled: dict[int, Delivery] = {}

    async def run(self) -> list[Delivery]:
        """Send until nothing is due. Gives each delivery as it stands afterwards, without its bytes.

        Raises as a transaction of the store does. What is just being sent is then broken off.
        """
        sending = asyncio.create_task(self._send())
        try:
            while await self._keep_books():
                await self._wait()
        finally:
            # A library may take a cancellation for the end of its own wait, and go on.
            self._is_over = True
            sending.cancel()
            with suppress(asyncio.CancelledError):
                await sending
            if self._channel is not None:
                await self._channel.close()
        if self._failure is not None:
            raise self._failure
        return list(self._settled.values())

    async def end(self) -> None:
        """Begin no other message. What is being sent is sent to its end, and the rest is given back."""
        async with self._change:
            self._is_ending.set()
            self._change.notify_all()

    @property
    def _is_held(self) -> bool:
        return self._is_blocked or self._is_ending.is_set()

    async def _send(self) -> None:
        while not self._is_over:
            async with self._change:
                await self._change.wait_for(lambda: self._taken and not self._is_held)
                delivery = self._taken.popleft()
                self._is_sending = True
            at = self._terms.clock()
            is_in_time = delivery.next_attempt_at is not None and at + HAND_OVER_LIMIT <= delivery.next_attempt_at
            # What a library has to say meanwhile is about this message.
            with bound_contextvars(digest=delivery.digest_id, message_id=delivery.message.message_id):
                outcome = await self._hand_over(delivery.message) if is_in_time else None
            async with self._change:
                self._is_sending = False
                if outcome is None:
                    self._untried.append(delivery)
                else:
                    self._tried.append(_Tried(delivery, outcome, at))
                    if isinstance(outcome, Retry) and outcome.scope is not Scope.MESSAGE:
                        self._is_blocked = True
                        self._asked_pause = outcome.after
                self._change.notify_all()

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
            _log.exception("a channel failed", channel=self._name)
            return Unsure(f"pedigreed failed: {type(error).__name__}")

    async def _wait(self) -> None:
        """Wait until there is something to keep, and a little longer for more of it."""
        async with self._change:
            await self._change.wait_for(self._is_to_be_kept)
            try:
                async with asyncio.timeout(KEEP_WITHIN):
                    await self._change.wait_for(self._is_pressing)
            except TimeoutError:
                self._ahead = max(AHEAD, self._ahead // 2)
            else:
                self._ahead = min(2 * self._ahead, MOST_AHEAD)

    def _is_to_be_kept(self) -> bool:
        is_over = self._is_ending.is_set() and not self._is_sending
        return bool(self._tried or self._untried) or is_over

    def _is_pressing(self) -> bool:
        return self._is_held or 2 * len(self._tried) >= self._ahead or not self._taken

    async def _keep_books(self) -> bool:
        """Keep what was tried, and take more. False if nothing is left to be done."""
        async with self._change:
            tried, self._tried = self._tried, []
            untried, self._untried = self._untried, []
            if self._is_held:
                untried += self._taken
                self._taken.clear()
            is_stopped = self._is_held or self._failure is not None
            room = 0 if is_stopped else max(0, self._ahead - len(self._taken))
        now = self._terms.clock()
        taken, settled = await asyncio.to_thread(self._transact, tried, untried, room, now)
        for one in settled:
            _tell(one, self._name)
            self._settled[one.key] = replace(one, message=replace(one.message, content=b""))
        pause = self._pause
        if self._is_blocked and pause is not None:
            _log.warning("channel paused", channel=self._name, until=iso(pause.until), reason=pause.reason)
            if not timedelta(0) < self._asked_pause < SHORT_PAUSE or pause.until - now > SHORT_PAUSE:
                return False
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_ending.wait(), (pause.until - now).total_seconds())
            self._is_blocked = False
            return await self._keep_books()
        async with self._change:
            self._taken.extend(taken)
            self._change.notify_all()
            return bool(self._taken or self._tried or self._untried or self._is_sending)

    def _transact(
        self, tried: list[_Tried], untried: list[Delivery], room: int, now: datetime
    ) -> tuple[list[Delivery], list[Delivery]]:
        """One transaction: keep, give back, take. Gives what was taken and what was kept."""
        settled = [self._decided(each) for each in tried]
        with self._store.writing() as connection:
            pause = self._pause
            if not self._is_pause_known:
                pause = stored_pauses.load(connection, Paused.CHANNEL).get(self._name)
            for each, after in zip(tried, settled, strict=True):
                if after.message != each.delivery.message:
                    stored_deliveries.lighten(connection, after)
            stored_deliveries.settle(connection, settled)
            stored_deliveries.release(connection, untried, now)
            for each in tried:
                pause, expired = self._next_pause(connection, pause, each)
                settled += expired
            # After a pause, one message tries whether it is over.
            limit = room if pause is None else min(room, 1)
            is_open = limit > 0 and (pause is None or not pause.holds(now))
            taken = stored_deliveries.claim(connection, self._name, now, now + LEASE, limit) if is_open else []
            taken = self._with_room(connection, taken, now)
        self._pause, self._is_pause_known = pause, True
        return taken, settled

    def _with_room(self, connection: Connection, taken: list[Delivery], now: datetime) -> list[Delivery]:
        """What was taken, where what comes of it can be kept. It would be sent again and again otherwise."""
        if taken:
            try:
                self._store.want_room(ROOM)
            except TryAgain as failure:
                stored_deliveries.release(connection, taken, now)
                self._failure = failure
                return []
        return taken

    def _decided(self, tried: _Tried) -> Delivery:
        terms = self._terms
        return decide(
            tried.delivery, tried.outcome, tried.at, give_up_after=terms.give_up_after, jitter=terms.jitter()
        )

    def _next_pause(
        self, connection: Connection, before: Pause | None, tried: _Tried
    ) -> tuple[Pause | None, list[Delivery]]:
        """The channel's pause after an attempt, and what was given up with it."""
        pause = pause_after(self._name, before, tried.outcome, tried.at, jitter=self._terms.jitter())
        if pause is not None:
            stored_pauses.begin(connection, pause)
            created_by = given_up_by(pause, tried.at, self._terms.give_up_after)
            if created_by is None:
                return pause, []
            return pause, stored_deliveries.expire(connection, self._name, created_by, pause.reason, tried.at)
        if before is not None and not isinstance(tried.outcome, Unsure):
            stored_pauses.end(connection, Paused.CHANNEL, self._name)
            return None, []
        return before, []


def _tell(delivery: Delivery, channel: str) -> None:
    (_log.warning if delivery.state in GIVEN_UP else _log.info)(
        "delivery",
        channel=channel,
        digest=delivery.digest_id,
        message_id=delivery.message.message_id,
        state=delivery.state.value,
        attempts=delivery.attempts,
        outcome=delivery.last_outcome,
    )
