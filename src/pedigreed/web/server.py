"""The server: which address answers what."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

import structlog
from aiohttp import web

from pedigreed.model.failure import PedigreedError
from pedigreed.store.alive import is_alive
from pedigreed.web.answers import NEVER_KEPT, line
from pedigreed.web.figures import Figures, figures
from pedigreed.web.guard import guard
from pedigreed.web.listening import clear, open_socket
from pedigreed.web.metrics import FiguresCollector, exposition
from pedigreed.web.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from pedigreed.config.http import Loopback, UnixSocket
    from pedigreed.config.settings import Config
    from pedigreed.store.database import Store
    from pedigreed.web.pulse import Pulse

HEALTH_SECONDS = 3.0
FIGURES_SECONDS = 5.0
PAGE_SECONDS = 15.0
"""How long each may read the store."""

_KEPT_OPEN = 15.0
_STOPPING = 2.0

_log = structlog.get_logger()

# What is wrong with a request is its sender's to know; what is wrong here is logged by the guard.
_silent = logging.getLogger("pedigreed.web.protocol")
_silent.disabled = True


class Server:
    """Answers on one socket.

    Attributes:
        listen: where.
        config: the configuration as it is now.
    """

    def __init__(
        self,
        listen: Loopback | UnixSocket,
        config: Config,
        store: Store,
        pulse: Pulse,
        clock: Callable[[], datetime],
    ) -> None:
        self.listen = listen
        self.config = config
        self._pulse = pulse
        self._clock = clock
        self._reader = Reader(store)
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen. Raises `OSError` where that can't be."""
        try:
            opened = open_socket(self.listen)
        except OSError:
            self._reader.close()
            raise
        application = web.Application(middlewares=[guard])
        application.router.add_get("/healthz", self._health)
        application.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(
            application,
            handle_signals=False,
            access_log=None,
            logger=_silent,
            keepalive_timeout=_KEPT_OPEN,
            shutdown_timeout=_STOPPING,
        )
        await self._runner.setup()
        await web.SockSite(self._runner, opened).start()

    async def stop(self) -> None:
        """Listen no more, and let what is being answered end."""
        if self._runner is not None:
            await self._runner.cleanup()
        clear(self.listen)
        self._reader.close()

    async def _health(self, _request: web.Request) -> web.Response:
        """Whether the daemon's tick and the store answer."""
        if self._pulse.trouble:
            return line(self._pulse.trouble, 503)
        try:
            await self._reader.read(is_alive, HEALTH_SECONDS)
        except PedigreedError:
            return line("the store can't be read now", 503)
        return line("ok")

    async def _metrics(self, request: web.Request) -> web.Response:
        """What can be said, whether the store answers or not."""
        found: Figures | None = None
        read = partial(figures, store=self._reader.store, config=self.config, now=self._clock())
        try:
            found = await self._reader.read(read, FIGURES_SECONDS)
        except PedigreedError as error:
            _log.warning("http: store not readable", path=request.path, reason=str(error))
        text, media_type = exposition(FiguresCollector(found, self._pulse.last), request.headers.get("Accept", ""))
        return web.Response(body=text, headers={**NEVER_KEPT, "Content-Type": media_type})
