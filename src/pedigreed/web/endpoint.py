"""Opens and closes the daemon's HTTP endpoint as the configuration asks, and gives it the state of the daemon."""

from __future__ import annotations

from time import monotonic, time
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from pedigreed.config.http import Loopback, UnixSocket
    from pedigreed.config.settings import Config
    from pedigreed.store.database import Store
    from pedigreed.web.http_server import Server


MISSED = 3.0
"""So many ticks without a beat are too many."""


class Pulse:
    """When the last tick went well.

    Attributes:
        last: when, in seconds since 1970 by the clock that people set; None before the first.
    """

    def __init__(self, tick: float, clock: Callable[[], float] = monotonic) -> None:
        """Describe it.

        Args:
            tick: seconds between two beats.
            clock: seconds that nobody sets.
        """
        self._tick = tick
        self._clock = clock
        self._at: float | None = None
        self.last: float | None = None

    def beat(self) -> None:
        """Say that a tick went well."""
        self._at = self._clock()
        self.last = time()

    @property
    def trouble(self) -> str | None:
        """One line where it does not beat; None where it does."""
        if self._at is None:
            return "no look at the clock went well yet"
        age = self._clock() - self._at
        return None if age < MISSED * self._tick else f"no look at the clock went well for {age:.0f} s"


_log = structlog.get_logger()


class Endpoint:
    """Listens, or does not.

    Attributes:
        trouble: one line where it can't listen; None where it can, and where it need not.
    """

    def __init__(self, store: Store, *, tick: float, clock: Callable[[], datetime]) -> None:
        """Describe it.

        Args:
            store: open.
            tick: seconds between two looks of the daemon at the clock.
            clock: the moment, UTC.
        """
        self._store = store
        self._pulse = Pulse(tick)
        self._clock = clock
        self._server: Server | None = None
        self.trouble: str | None = None

    def beat(self) -> None:
        """Say that the daemon looked at the clock and the store, and all was well."""
        self._pulse.beat()

    async def tend(self, config: Config) -> None:
        """Let it be as the configuration has it now. What can't be is tried again with the next call."""
        wanted = config.http.listen if config.http else None
        if self._server is not None and self._server.listen != wanted:
            await self.stop()
        if self._server is not None:
            self._server.config = config
        elif wanted is not None:
            await self._start(wanted, config)
        else:
            self.trouble = None

    async def stop(self) -> None:
        """Listen no more."""
        server, self._server = self._server, None
        if server is not None:
            await server.stop()
            _log.info("http stopped", listen=str(server.listen))

    async def _start(self, listen: Loopback | UnixSocket, config: Config) -> None:
        # Who has no endpoint has not what it takes in memory either.
        from pedigreed.web.http_server import Server  # noqa: PLC0415

        server = Server(listen, config, self._store, self._pulse, self._clock)
        try:
            await server.start()
        except OSError as error:
            trouble = f"http: {listen} can't be listened on: {error.strerror or error}"
            if trouble != self.trouble:
                _log.error("http not started", listen=str(listen), reason=error.strerror or str(error))
            self.trouble = trouble
            return
        self.trouble = None
        self._server = server
        _log.info("http started", listen=str(listen))
