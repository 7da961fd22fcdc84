"""Hand over what waits in the outbox: every channel in a lane of its own, so that none holds up another."""

from __future__ import annotations

import asyncio
import random
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from pedigreed.model.pause import LONGEST
from pedigreed.service.lane import Lane, Terms
from pedigreed.service.stop import Stop
from pedigreed.store import deliveries as stored_deliveries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from pedigreed.delivery.channel import Channel
    from pedigreed.model.delivery import Delivery
    from pedigreed.store.database import Store

_log = structlog.get_logger()

AGE_LIMIT = timedelta(days=3)
"""When a message is given up, unless the configuration says otherwise."""


async def deliver(
    store: Store,
    channels: Mapping[str, Channel],
    now: datetime,
    *,
    give_up_after: timedelta = AGE_LIMIT,
    jitter: Callable[[], float] = random.random,
    stop: Stop | None = None,
) -> list[Delivery]:
    """Try everything that is due. Gives each delivery as it stands afterwards, without its bytes.

    Args:
        store: where the outbox is.
        channels: by name.
        now: UTC; time goes on from there while messages are sent.
        give_up_after: the age limit of a message.
        jitter: gives a number from 0 to 1, for the length of pauses.
        stop: when it is said, what is being sent is sent to its end, and nothing more is begun.
    """
    began = time.monotonic()
    terms = Terms(
        clock=lambda: now + timedelta(seconds=time.monotonic() - began),
        give_up_after=give_up_after,
        jitter=jitter,
    )
    with store.writing() as connection:
        stored_deliveries.bring_forward(connection, now + LONGEST, now)
        gone = stored_deliveries.open_channels(connection, without=channels.keys())
    lanes = [Lane(store, name, channel, terms) for name, channel in channels.items()]
    lanes += [Lane(store, name, None, terms) for name in gone]
    loop = asyncio.get_running_loop()
    is_ending = asyncio.Event()
    with (stop or Stop()).heard_by(lambda: loop.call_soon_threadsafe(is_ending.set)):
        ending = asyncio.create_task(_end(lanes, is_ending))
        ended = await asyncio.gather(*(lane.run() for lane in lanes), return_exceptions=True)
        ending.cancel()
    for result in ended:
        if isinstance(result, BaseException):
            raise result
    tried = [delivery for result in ended if not isinstance(result, BaseException) for delivery in result]
    return sorted(tried, key=lambda delivery: delivery.key)


async def _end(lanes: Iterable[Lane], is_ending: asyncio.Event) -> None:
    await is_ending.wait()
    for lane in lanes:
        await lane.end()


def take_back(store: Store, now: datetime) -> None:
    """Take up at once what an ended process was sending. Only where no other can be at work on the store."""
    with store.writing() as connection:
        count = stored_deliveries.take_back(connection, now)
    if count:
        _log.warning("taken up from a process that ended", deliveries=count)
