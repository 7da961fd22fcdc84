"""The pages of one store, at a moment that does not move."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pedigreed.config.http import Loopback
from pedigreed.web.endpoint import Pulse
from pedigreed.web.http_server import Server
from real_servers import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pedigreed.config.settings import Config
    from pedigreed.store.database import Store


@asynccontextmanager
async def served_pages(store: Store, config: Config, now: datetime) -> AsyncIterator[str]:
    """Serve them, and give the address."""
    assert now.tzinfo is UTC
    pulse = Pulse(30.0)
    pulse.beat()
    listen = Loopback("127.0.0.1", free_port())
    server = Server(listen, config, store, pulse, lambda: now)
    await server.start()
    try:
        yield f"http://{listen}"
    finally:
        await server.stop()
