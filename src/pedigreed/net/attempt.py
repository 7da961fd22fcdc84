"""An exchange as aiohttp makes it: its connections, the redirects, and the body piece by piece.

Importing this module imports aiohttp: it is imported where something is asked.
"""

from __future__ import annotations

import asyncio
import base64
import errno
import socket
from contextvars import ContextVar
from http import HTTPStatus
from typing import TYPE_CHECKING

import aiohttp

from pedigreed.model.failure import Unreadable
from pedigreed.net.breakage import Breakage, Trouble, trouble, what_broke
from pedigreed.net.exchange import Answer, NoAnswer
from pedigreed.net.inflating import Inflating, are_too_small
from pedigreed.net.redirects import NotFollowed, Redirects
from pedigreed.net.web_address import host_of, parsed, proxy_for
from pedigreed.redaction import http_log_silenced

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator

    from yarl import URL

    from pedigreed.net.exchange import Connections, Limits, Receiver, Request

_REDIRECTS = frozenset(
    {
        HTTPStatus.MOVED_PERMANENTLY,
        HTTPStatus.FOUND,
        HTTPStatus.SEE_OTHER,
        HTTPStatus.TEMPORARY_REDIRECT,
        HTTPStatus.PERMANENT_REDIRECT,
    }
)
_READ_AHEAD = 1 << 20
"""Bytes of a body that are read while the last ones are worked on."""

_LONGEST_LINE = 1 << 16
"""Bytes of a line of the head."""

_under_way: ContextVar[Attempt] = ContextVar("_under_way")
"""The attempt of this task: the library's hooks are those of a session."""


def session_of(
    silence: float | None, tls_context: ssl.SSLContext | None, *, keeps_connections: bool = False
) -> aiohttp.ClientSession:
    """A client within the rules of `net.exchange`. Call it in the event loop that it is for."""
    hooks = aiohttp.TraceConfig()
    hooks.on_connection_create_end.append(_is_connected)
    hooks.on_connection_reuseconn.append(_is_reused)
    hooks.on_request_headers_sent.append(_is_written)
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            # With True the library's own trust in the system's authorities, which is read once in a process.
            ssl=tls_context or True,
            resolver=aiohttp.ThreadedResolver(),
            socket_factory=_socket_for,
            force_close=not keeps_connections,
        ),
        timeout=aiohttp.ClientTimeout(sock_connect=silence, sock_read=silence),
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=("Content-Type",),
        auto_decompress=False,
        read_bufsize=_READ_AHEAD,
        max_line_size=_LONGEST_LINE,
        max_field_size=_LONGEST_LINE,
        trace_configs=[hooks],
        middlewares=(_once,),
    )


class _Stopped(Exception):
    """The exchange is ended on purpose."""

    def __init__(self, why: Trouble) -> None:
        super().__init__(why.words)
        self.trouble = why


class _Broken(Exception):
    """What broke is the cause."""


class Attempt:
    """An exchange under way, and how far it came."""

    def __init__(
        self, request: Request, limits: Limits, receiver: Receiver | None, connections: Connections | None
    ) -> None:
        self._request = request
        self._limits = limits
        self._receiver = receiver
        self._connections = connections
        self._redirects = Redirects(may_be_private=connections is not None and connections.is_private)
        self._followed = 0
        self._is_direct = True
        self._sockets: list[socket.socket] = []
        self._refused: NotFollowed | None = None
        self._is_begun = False
        self._is_written = False
        self._response: aiohttp.ClientResponse | None = None
        self._body: Inflating | None = None

    async def result(self, tls_context: ssl.SSLContext | None) -> Answer | NoAnswer:
        """Make it, and tell what came of it. Only what the receiver raises is raised."""
        clock = asyncio.timeout(self._limits.seconds)
        token = _under_way.set(self)
        try:
            with http_log_silenced():
                # The library's own limits are for each piece that comes: a slow drip would go on for ever.
                async with clock:
                    await self._run(tls_context)
        except _Stopped as stopped:
            return self._result(stopped.trouble)
        except NotFollowed as error:
            return self._result(trouble(Breakage.REDIRECT, str(error)))
        except Unreadable as error:
            return self._result(trouble(Breakage.NOT_DECOMPRESSED, str(error)))
        except (_Broken, aiohttp.ClientError, OSError, ValueError) as error:
            return self._result(self.too_late() if clock.expired() else self._what_broke(error))
        finally:
            _under_way.reset(token)
        return self._result(None)

    def _what_broke(self, error: Exception) -> Trouble:
        if self._refused is not None:
            return trouble(Breakage.REDIRECT, str(self._refused))
        cause = error.__cause__ if isinstance(error, _Broken) else error
        assert cause is not None
        what = next((what for kind, what in _BREAKAGES if isinstance(cause, kind)), None)
        return what_broke(cause) if what is None else trouble(what)

    def too_late(self) -> Trouble:
        # What is left of a longer time is a few milliseconds less than was set.
        seconds = round(max(0.0, self._limits.seconds), 1)
        return trouble(Breakage.TIMED_OUT, f"no whole answer within {seconds:g} s")

    def _result(self, why: Trouble | None) -> Answer | NoAnswer:
        if self._response is None:
            return NoAnswer(why or trouble(Breakage.CLOSED), self._is_begun, self._is_written)
        body = self._body.body if self._body else b""
        return Answer(self._response.status, self._response.headers, body, why)

    async def _run(self, tls_context: ssl.SSLContext | None) -> None:
        if self._connections is not None:
            await self._ask(self._connections.session)
            return
        async with session_of(None, tls_context) as session:
            await self._ask(session)

    async def _ask(self, session: aiohttp.ClientSession) -> None:
        request = self._request
        headers = {"Accept-Encoding": "identity", **request.headers}
        address = parsed(request.address)
        self._redirects.begin(host_of(address))
        while self._followed <= self._limits.redirects:
            proxy = proxy_for(address)
            self._is_direct = proxy is None
            self._sockets.clear()
            async with session.request(
                request.method,
                address.with_user(None),
                data=request.content or None,
                headers=headers | _login_of(address),
                allow_redirects=False,
                proxy=proxy,
            ) as response:
                if self._connections is not None and not self._followed:
                    # A connection that is used again is not looked at again.
                    self._connections.is_private = self._redirects.may_be_private
                if not self._limits.redirects or response.status not in _REDIRECTS:
                    await self._take(response)
                    return
                if self._followed < self._limits.redirects:
                    before = address
                    address = self._redirects.follow(str(before), response.headers.get("Location"))
                    if address.origin() != before.origin():
                        headers = {name: headers[name] for name in headers if name.lower() != "authorization"}
            self._followed += 1
        raise NotFollowed(f"it redirects more than {self._limits.redirects} times")

    async def _take(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        if self._receiver is not None and self._receiver.accepts(response.status, response.headers):
            async for piece in _pieces(response.content):
                await self._receiver.take(piece)
            return
        if not self._limits.largest:
            return
        self._body = body = Inflating(response.headers.get("Content-Encoding", ""), self._limits.largest)
        pieces = received = 0
        async for piece in _pieces(response.content):
            pieces += 1
            received += len(piece)
            if are_too_small(pieces, received):
                raise _Stopped(trouble(Breakage.TOO_LARGE, "the answer comes in too many small pieces"))
            body.take(piece)
            if body.is_too_long:
                words = f"the answer is longer than {self._limits.largest:,} bytes"
                raise _Stopped(trouble(Breakage.TOO_LARGE, words))
        if not body.is_whole:
            raise _Stopped(trouble(Breakage.CUT))

    def socket_for(self, address: aiohttp.AddrInfoType) -> socket.socket:
        """A socket for one of the IP addresses of a host, unless a redirect must not lead there."""
        if self._followed and self._is_direct:
            try:
                self._redirects.look_at(address[4][0])
            except NotFollowed as error:
                self._refused = error
                # The library tries the host's other addresses.
                raise OSError(errno.EACCES, str(error)) from error
        made = socket.socket(*address[:3])
        self._sockets.append(made)
        return made

    def is_connected(self) -> None:
        """There is a connection of its own. Those that were tried beside it are closed."""
        self._is_begun = True
        self._refused = None
        if self._is_direct and not self._followed:
            for each in self._sockets:
                if each.fileno() >= 0:
                    self._redirects.look_at(each.getpeername()[0])

    def is_reused(self) -> None:
        """It goes over a connection that was made for another."""
        self._is_begun = True

    def is_written(self) -> None:
        """The head of the request is on its way, and the body follows."""
        self._is_written = True


_BREAKAGES: tuple[tuple[type[Exception], Breakage], ...] = (
    (aiohttp.ClientHttpProxyError, Breakage.PROXY),
    (aiohttp.ClientResponseError, Breakage.NOT_HTTP),
    (aiohttp.ServerDisconnectedError, Breakage.CLOSED),
)
"""What the library's own errors mean. The others have an error of the system as their cause."""


async def _once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Hide from the library what it would ask again for on its own."""
    try:
        return await send(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _Broken from error


async def _pieces(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """A body as it comes. The library's `iter_chunks` never ends on the second empty body of a process."""
    while not content.at_eof():
        piece, _ = await content.readchunk()
        yield piece


def _socket_for(address: aiohttp.AddrInfoType) -> socket.socket:
    return _under_way.get().socket_for(address)


async def _is_connected(*_: object) -> None:
    _under_way.get().is_connected()


async def _is_reused(*_: object) -> None:
    _under_way.get().is_reused()


async def _is_written(*_: object) -> None:
    _under_way.get().is_written()


def _login_of(address: URL) -> dict[str, str]:
    """What an address says itself of who asks (RFC 7617)."""
    if address.user is None and address.password is None:
        return {}
    login = f"{address.user or ''}:{address.password or ''}".encode()
    return {"Authorization": f"Basic {base64.b64encode(login).decode('ascii')}"}
