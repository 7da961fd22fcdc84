"""Hand over what waits in the outbox, and keep what came of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from pedigreed.model.delivery import Delivery, DeliveryState
from pedigreed.model.outcome import Outcome, Refused, Retry, Sent, Unsure
from pedigreed.store import deliveries as stored_deliveries

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pedigreed.delivery.channel import Channel
    from pedigreed.store.database import Store

PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240))
"""Between attempts; the last one repeats."""

LEASE = timedelta(minutes=15)
"""How long a process may take over one message before another takes it up: longer than any channel's limits."""

AGE_LIMIT = timedelta(days=3)

_log = structlog.get_logger()


async def deliver(store: Store, channels: Mapping[str, Channel], now: datetime) -> list[Delivery]:
    """Try everything that is due once. Gives each delivery as it stands afterwards.

    A row is taken before it is sent, so that of several processes one sends it.
    """
    tried: list[Delivery] = []
    while True:
        with store.writing() as connection:
            delivery = stored_deliveries.claim(connection, now, now + LEASE)
        if delivery is None:
            return tried
        channel = channels.get(delivery.message.channel)
        outcome: Outcome
        if channel is None:
            outcome = Retry(f"the configuration has no channel {delivery.message.channel!r} any more")
        else:
            outcome = await channel.send(delivery.message)
        after = decide(delivery, outcome, now)
        with store.writing() as connection:
            stored_deliveries.settle(connection, after)
        is_over = after.state in {DeliveryState.REFUSED, DeliveryState.EXPIRED}
        (_log.warning if is_over else _log.info)(
            "delivery",
            digest=delivery.digest_id,
            channel=delivery.message.channel,
            message_id=delivery.message.message_id,
            state=after.state.value,
            attempts=after.attempts,
            outcome=after.last_outcome,
        )
        tried.append(after)


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
