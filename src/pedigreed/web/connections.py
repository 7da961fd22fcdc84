"""The connections to the HTTP server: at most so many at once, and none that only waits."""

from __future__ import annotations

import asyncio
import resource
from typing import TYPE_CHECKING

import structlog

from pedigreed.log.repeats import Repeats

if TYPE_CHECKING:
    from aiohttp import web
    from aiohttp.web_protocol import RequestHandler

MOST = 64
BACKLOG = 16
"""Connections that the system keeps until they are taken, and that are taken in one turn of the event loop."""

FIRST_REQUEST = 15.0
"""Seconds in which who connects has to ask."""

LONGEST = 60.0
"""Seconds from a request to the next one on the same connection. It is above all limits of reading the store."""

_OF_DESCRIPTORS = 4
"""Connections take no more than one of so many descriptors that the process may have: the rest is for the work."""

_REFUSAL = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 15\r\nConnection: close\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Length: 26\r\n\r\ntoo many connections open\n"
)

_log = structlog.get_logger()


def most_connections() -> int:
    """As many as the process's limit of descriptors allows, and never more than `MOST`."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if limit == resource.RLIM_INFINITY else max(1, min(MOST, limit // _OF_DESCRIPTORS))


class Connections:
    """Makes the protocol of each connection: asyncio calls it when one is taken."""

    def __init__(
        self, server: web.Server, most: int, *, first_request: float = FIRST_REQUEST, longest: float = LONGEST
    ) -> None:
        """Describe them.

        Args:
            server: aiohttp's, which answers.
            most: how many there may be.
            first_request: seconds in which the first request has to come.
            longest: seconds from a request to the next.
        """
        self._server = server
        self._most = most
        self._first_request = first_request
        self._longest = longest
        self._open: dict[RequestHandler, _Connection] = {}
        self._repeats = Repeats()

    def __call__(self) -> asyncio.Protocol:
        return _Connection(self)

    def opened(self, connection: _Connection) -> RequestHandler | None:
        """What answers on a connection that was just taken; None for one too many."""
        if len(self._open) >= self._most:
            if times := self._repeats.count("refused"):
                _log.warning("http: connection refused", most=self._most, times=times)
            return None
        handler = self._server()
        self._open[handler] = connection
        connection.end_in(self._first_request)
        return handler

    def asked(self, handler: RequestHandler) -> None:
        """A request came; wait for the next."""
        if connection := self._open.get(handler):
            connection.end_in(self._longest)

    def lost(self, handler: RequestHandler) -> None:
        """Make room."""
        self._open.pop(handler, None)


class _Connection(asyncio.Protocol):
    """aiohttp's protocol of one connection, with a time at which it ends; or a refusal."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._handler: RequestHandler | None = None
        self._transport: asyncio.Transport | None = None
        self._end: asyncio.TimerHandle | None = None

    def end_in(self, seconds: float) -> None:
        """End it after so many seconds from now, and not when was said before."""
        if self._end is not None:
            self._end.cancel()
        self._end = asyncio.get_running_loop().call_later(seconds, self._abort)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._handler = self._connections.opened(self)
        if self._handler is None:
            transport.write(_REFUSAL)
            transport.close()
        else:
            self._handler.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._end is not None:
            self._end.cancel()
        if self._handler is not None:
            self._connections.lost(self._handler)
            self._handler.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._handler is not None:
            self._handler.data_received(data)

    def eof_received(self) -> None:
        if self._handler is not None:
            self._handler.eof_received()

    def pause_writing(self) -> None:
        if self._handler is not None:
            self._handler.pause_writing()

    def resume_writing(self) -> None:
        if self._handler is not None:
            self._handler.resume_writing()

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()
