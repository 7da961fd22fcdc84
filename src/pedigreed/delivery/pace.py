"""How fast messages may follow each other, and when none may."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class Pace:
    """At most one message in each interval, and none while the destination wants quiet.

    It survives the event loop that it was first used in. Time is monotonic, so a clock that is set does nothing.
    """

    def __init__(
        self,
        interval: timedelta,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """Begin with nothing sent.

        Args:
            interval: from one message to the next.
            clock: seconds that only grow.
            sleep: waits for so many seconds.
        """
        self._interval = interval.total_seconds()
        self._clock = clock
        self._sleep = sleep
        self._next = clock()
        self._quiet_until = clock()

    async def turn(self) -> timedelta:
        """Wait for the next message's turn. Gives how long the destination still wants quiet; zero to go ahead.

        A destination that wants quiet is not waited for: that may be long, and other messages go elsewhere.
        """
        if not (quiet := self._quiet()):
            # A turn is taken before it is waited for: who asks meanwhile gets the one after it.
            mine = max(self._clock(), self._next)
            self._next = mine + self._interval
            if (pause := mine - self._clock()) > 0:
                await self._sleep(pause)
            quiet = self._quiet()
        return quiet

    def keep_quiet(self, pause: timedelta) -> None:
        """Let no message go for so long."""
        self._quiet_until = max(self._quiet_until, self._clock() + pause.total_seconds())

    def _quiet(self) -> timedelta:
        return timedelta(seconds=max(0.0, self._quiet_until - self._clock()))
