"""Hand over what waits in the outbox, and keep what came of it."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from pedigreed.model.delivery import Delivery, DeliveryState
from pedigreed.model.instant import iso
from pedigreed.model.outcome import Outcome, Refused, Retry, Scope, Sent, Unsure
from pedigreed.model.pause import Pause
from pedigreed.store import deliveries as stored_deliveries
from pedigreed.store import pauses as stored_pauses

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pedigreed.delivery.channel import Channel
    from pedigreed.store.database import Store

PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240))
"""Between attempts; the last one repeats."""

CHANNEL_PAUSES = tuple(timedelta(minutes=minutes) for minutes in (15, 60, 240))
"""How long a channel that refuses as a whole is left alone; the last one repeats."""

LEASE = timedelta(minutes=30)
"""How long a process may take over one message before another takes it up: longer than any channel's limits."""

AGE_LIMIT = timedelta(days=3)

_log = structlog.get_logger()


async def deliver(store: Store, channels: Mapping[str, Channel], now: datetime) -> list[Delivery]:
    """Try everything that is due. Gives each delivery as it stands afterwards.

    A row is taken before it is sent, so that of several processes one sends it.
    A channel that refuses as a whole is left alone: its other messages wait, and are not tried one by one.
    When its pause is over, one message is tried first.
    """
    tried: list[Delivery] = []
    began = time.monotonic()
    while True:
        at = now + timedelta(seconds=time.monotonic() - began)
        with store.writing() as connection:
            pauses = stored_pauses.load(connection)
            paused = [pause.channel for pause in pauses.values() if pause.until > at]
            delivery = stored_deliveries.claim(connection, at, at + LEASE, without=paused)
        if delivery is None:
            return tried
        channel = channels.get(delivery.message.channel)
        outcome: Outcome
        if channel is None:
            outcome = Retry(f"the configuration has no channel {delivery.message.channel!r} any more")
        else:
            outcome = await channel.send(delivery.message)
        after = decide(delivery, outcome, at)
        pause = pause_after(delivery.message.channel, pauses.get(delivery.message.channel), outcome, at)
        with store.writing() as connection:
            stored_deliveries.settle(connection, after)
            if pause is not None:
                stored_pauses.begin(connection, pause)
            elif isinstance(outcome, Sent) and delivery.message.channel in pauses:
                stored_pauses.end(connection, delivery.message.channel)
        _tell(after, pause)
        tried.append(after)


def pause_after(channel: str, before: Pause | None, outcome: Outcome, now: datetime) -> Pause | None:
    """The pause that an outcome begins or lengthens; None for one that says nothing of the channel. Pure."""
    if not isinstance(outcome, Retry) or outcome.scope is Scope.MESSAGE:
        return None
    tries = before.tries + 1 if before else 1
    length = max(outcome.after, CHANNEL_PAUSES[min(tries, len(CHANNEL_PAUSES)) - 1])
    return Pause(channel, before.since if before else now, now + length, tries, outcome.reason)


def decide(delivery: Delivery, outcome: Outcome, now: datetime) -> Delivery:
    """What becomes of a delivery that was taken and tried. Pure.

    An attempt whose end is not known is repeated with the same bytes and the same Message-ID.
    """
    tried = replace(delivery, state=DeliveryState.WAITING)
    match outcome:
        case Sent(receipt):
            return _finished(tried, DeliveryState.SENT, receipt, now)
        case Refused(reason):
            return _finished(tried, DeliveryState.REFUSED, reason, now)
        case Unsure(reason):
            tried = replace(tried, maybe_repeated=True)
            pause = timedelta(0)
        case Retry(reason, pause):
            pass
    if now - delivery.created_at >= AGE_LIMIT:
        return _finished(tried, DeliveryState.EXPIRED, reason, now)
    usual = PAUSES[min(delivery.attempts, len(PAUSES)) - 1]
    return replace(tried, next_attempt_at=now + max(usual, pause), last_outcome=reason)


def _finished(delivery: Delivery, state: DeliveryState, said: str, now: datetime) -> Delivery:
    return replace(delivery, state=state, next_attempt_at=None, last_outcome=said, finished_at=now)


def _tell(delivery: Delivery, pause: Pause | None) -> None:
    is_over = delivery.state in {DeliveryState.REFUSED, DeliveryState.EXPIRED}
    log = _log.bind(channel=delivery.message.channel)
    (log.warning if is_over else log.info)(
        "delivery",
        digest=delivery.digest_id,
        message_id=delivery.message.message_id,
        state=delivery.state.value,
        attempts=delivery.attempts,
        outcome=delivery.last_outcome,
    )
    if pause is not None:
        log.warning("channel paused", until=iso(pause.until), tries=pause.tries, reason=pause.reason)
