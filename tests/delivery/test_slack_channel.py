from __future__ import annotations

import asyncio
from itertools import pairwise

from hooks import Clock, answer, hook_server
from pedigreed.delivery.posting import Pace
from pedigreed.delivery.slack import ONE_A_SECOND, SlackChannel
from pedigreed.model.delivery import Message, Retry, Scope, Sent

MESSAGE = Message("1@pedigreed.invalid", "team", "", "", "hello", b'{"text": "hello"}')


def test_a_webhook_gets_one_message_a_second() -> None:
    async def scenario() -> None:
        clock = Clock()
        posted: list[float] = []

        def webhook() -> str:
            posted.append(clock.now)
            return server.url

        async with hook_server() as server:
            channel = SlackChannel(webhook, pace=Pace(ONE_A_SECOND, clock, clock.sleep))
            outcomes = [await channel.send(MESSAGE) for _ in range(5)]
            assert outcomes == [Sent("ok")] * 5
            assert all(later - earlier >= 1 for earlier, later in pairwise(posted))

    asyncio.run(scenario())


def test_a_webhook_that_was_exchanged_is_used_with_the_next_message() -> None:
    async def scenario() -> None:
        clock = Clock()
        async with hook_server(answer(404, "no_service")) as old, hook_server() as new:
            urls = iter((old.url, new.url))
            channel = SlackChannel(lambda: next(urls), pace=Pace(ONE_A_SECOND, clock, clock.sleep))
            dead = await channel.send(MESSAGE)
            assert isinstance(dead, Retry)
            assert dead.scope is Scope.CHANNEL_BROKEN
            assert await channel.send(MESSAGE) == Sent("ok")
            assert (len(old.posts), len(new.posts)) == (1, 1)

    asyncio.run(scenario())
