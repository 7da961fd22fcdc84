"""One HTTP exchange: a request and its answer, with limits on time, bytes and redirects.

`exchange` is for coroutines, `blocking_exchange` for threads. Neither raises, logs or tells the address: it may be
a secret. They try once; `patience.Patience` says when to try again.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

import httpx

from pedigreed.model.failure import Unreadable, UpstreamUnavailable
from pedigreed.net.breakage import Breakage, Trouble, trouble, what_broke
from pedigreed.net.inflating import Inflating, are_too_small
from pedigreed.net.patience import Passing, unwanted
from pedigreed.net.redirects import NotFollowed, Redirects, host_of
from pedigreed.redaction import http_log_silenced

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Self

    from pedigreed.net.patience import Patience

_REDIRECTS = frozenset(
    {
        HTTPStatus.MOVED_PERMANENTLY,
        HTTPStatus.FOUND,
        HTTPStatus.SEE_OTHER,
        HTTPStatus.TEMPORARY_REDIRECT,
        HTTPStatus.PERMANENT_REDIRECT,
    }
)


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked.

    Attributes:
        method: GET or POST.
        address: http or https; may be a secret.
        headers: beside those that HTTP itself needs. Compression is asked for only by an ``Accept-Encoding`` here.
        content: the body.
    """

    method: str
    address: str
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one exchange.

    Attributes:
        seconds: for all of it. Only the resolving of a name can outlast them, by as long as the system's resolver.
        largest: bytes of the body, decompressed. With 0 the body is not waited for.
        redirects: how many are followed: to http and https, from https to https only, and into a private network
            only from there. With 0 an answer that redirects is given as it is. They are meant for GET. An
            ``Authorization`` goes no further than the host that was asked.
    """

    seconds: float
    largest: int
    redirects: int = 0


class Receiver(Protocol):
    """Takes the body of an answer piece by piece, however long it is. What it raises ends the exchange."""

    def accepts(self, status: int, headers: Mapping[str, str]) -> bool:
        """Whether it takes the body of an answer with this head; else that is read as any other."""

    async def take(self, piece: bytes) -> None:
        """The next bytes, as they came: what is compressed is not to be accepted."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The head of an answer came, and its body as far as it came.

    Attributes:
        status: the HTTP status.
        headers: their names are found in any case.
        body: decompressed, no longer than the limit.
        trouble: why the body is not whole; None where it is.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Not even the head of an answer came, or no redirect led to one.

    Attributes:
        trouble: why.
        is_begun: whether there was a connection, and the request was begun on it.
        is_written: whether the server may have got the whole request, and may act on it.
    """

    trouble: Trouble
    is_begun: bool = False
    is_written: bool = False


class Connections:
    """Connections to one server that several exchanges share, one after the other. Use it in ``async with``."""

    def __init__(self, silence: float | None = None) -> None:
        """Begin. So many seconds without a byte end an exchange; None for as long as the whole may take."""
        self.client = _client(silence, system_authorities())
        self.is_private = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.aclose()


def _client(silence: float | None, tls_context: ssl.SSLContext) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        timeout=silence,  # the whole is limited as well
        verify=tls_context,
        follow_redirects=False,
    )


async def exchange(
    request: Request,
    limits: Limits,
    tls_context: ssl.SSLContext | None = None,
    receiver: Receiver | None = None,
    connections: Connections | None = None,
) -> Answer | NoAnswer:
    """Make the exchange once, over a connection of its own, or one of those that are shared.

    Args:
        request: what is asked.
        limits: of time, size and redirects. What a receiver takes may be of any size.
        tls_context: whom to trust; None for the system's authorities.
        receiver: takes the body where it accepts the head; the answer has none then.
        connections: to the server that is asked. They have a silence and authorities of their own.
    """
    if limits.seconds <= 0:
        return NoAnswer(_too_late(limits))
    attempt = _Attempt(request, limits, receiver, connections)
    clock = asyncio.timeout(limits.seconds)
    try:
        with http_log_silenced():
            # The library's own limits are for each piece that comes: a slow drip would go on for ever.
            async with clock:
                await attempt.run(tls_context or system_authorities())
    except _Stopped as stopped:
        return attempt.result(stopped.trouble)
    except NotFollowed as error:
        return attempt.result(trouble(Breakage.REDIRECT, str(error)))
    except Unreadable as error:
        return attempt.result(trouble(Breakage.NOT_DECOMPRESSED, str(error)))
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ValueError) as error:
        return attempt.result(_too_late(limits) if clock.expired() else what_broke(error))
    return attempt.result(None)


@cache
def system_authorities() -> ssl.SSLContext:
    """Trust in them. They are read once in a process, since that takes longer than many an exchange."""
    return ssl.create_default_context()


def blocking_exchange(
    request: Request, limits: Limits, tls_context: ssl.SSLContext | None = None
) -> Answer | NoAnswer:
    """As `exchange`, in an event loop of its own: call it in a thread that runs none."""
    return asyncio.run(exchange(request, limits, tls_context))


def limits_of(patience: Patience, deadline: float) -> Limits:
    """Those of the next exchange of a reading, which has until `deadline` on the monotonic clock."""
    seconds = min(patience.exchange_timeout, deadline - time.monotonic())
    return Limits(seconds, patience.largest_answer, patience.redirects)


def usable(came: Answer | NoAnswer, accepted: Collection[int] = (HTTPStatus.OK,)) -> Answer:
    """The answer, where it is whole and has one of the accepted statuses.

    Raises:
        Passing: it may be usable a moment later.
        UpstreamUnavailable: it will not be.
    """
    if isinstance(came, Answer) and came.status not in accepted:
        raise unwanted(came.status, came.headers, datetime.now(UTC))
    if came.trouble is not None:
        raise (Passing if came.trouble.what.may_pass else UpstreamUnavailable)(came.trouble.words)
    assert isinstance(came, Answer)
    return came


class _Stopped(Exception):
    """The exchange is ended on purpose."""

    def __init__(self, why: Trouble) -> None:
        super().__init__(why.words)
        self.trouble = why


class _Attempt:
    """An exchange under way, and how far it came."""

    def __init__(
        self, request: Request, limits: Limits, receiver: Receiver | None, connections: Connections | None
    ) -> None:
        self._request = request
        self._limits = limits
        self._receiver = receiver
        self._is_begun = False
        self._is_written = False
        self._host = ""
        self._connections = connections
        self._redirects = Redirects(may_be_private=connections is not None and connections.is_private)
        self._is_direct = True
        self._response: httpx.Response | None = None
        self._body: Inflating | None = None

    async def run(self, tls_context: ssl.SSLContext) -> None:
        if self._connections is not None:
            await self._run(self._connections.client, {})
            return
        async with _client(None, tls_context) as client:
            await self._run(client, {"Connection": "close"})

    async def _run(self, client: httpx.AsyncClient, beside: Mapping[str, str]) -> None:
        request = self._request
        headers = {"Accept-Encoding": "identity", **beside, **request.headers}
        address = httpx.URL(request.address)
        self._host = host_of(address)
        self._redirects.begin(self._host)
        for followed in range(self._limits.redirects + 1):
            async with client.stream(
                request.method,
                address,
                content=request.content or None,
                headers=headers,
                extensions={"trace": self._watch},
            ) as response:
                if self._connections is not None and not followed:
                    # A connection that is used again is not looked at again.
                    self._connections.is_private = self._redirects.may_be_private
                if not self._limits.redirects or response.status_code not in _REDIRECTS:
                    await self._take(response)
                    return
                if followed < self._limits.redirects:
                    before = address
                    address = self._redirects.follow(before, response.headers.get("Location"))
                    if _origin_of(address) != _origin_of(before):
                        headers = {name: headers[name] for name in headers if name.lower() != "authorization"}
                    # Through a proxy, this is all that is known of where it leads.
                    self._host = host_of(address)
        raise NotFollowed(f"it redirects more than {self._limits.redirects} times")

    def result(self, why: Trouble | None) -> Answer | NoAnswer:
        """What is known, and the trouble that ended it."""
        if self._response is None:
            return NoAnswer(why or trouble(Breakage.CLOSED), self._is_begun, self._is_written)
        body = self._body.body if self._body else b""
        return Answer(self._response.status_code, self._response.headers, body, why)

    async def _take(self, response: httpx.Response) -> None:
        self._response = response
        if self._receiver is not None and self._receiver.accepts(response.status_code, response.headers):
            async for piece in response.aiter_raw():
                await self._receiver.take(piece)
            return
        if not self._limits.largest:
            return
        self._body = body = Inflating(response.headers.get("Content-Encoding", ""), self._limits.largest)
        pieces = received = 0
        async for piece in response.aiter_raw():
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

    async def _check_peer(self, stream: Any) -> None:  # noqa: ANN401  # the HTTP library's
        peer = stream.get_extra_info("server_addr")
        if not self._is_direct or peer is None:
            return
        try:
            self._redirects.look_at(peer[0])
        except NotFollowed:
            await stream.aclose()
            raise

    async def _watch(self, event: str, info: Mapping[str, Any]) -> None:
        if event == "connection.connect_tcp.started":
            self._is_direct = info["host"] == self._host
        if event == "connection.connect_tcp.complete":
            await self._check_peer(info["return_value"])
        # A proxy is asked with a CONNECT of its own before.
        if event == "http11.send_request_headers.started" and info["request"].method != b"CONNECT":
            self._is_begun = True
        if event == "http11.send_request_body.started" and info["request"].method != b"CONNECT":
            self._is_written = True


def _origin_of(address: httpx.URL) -> tuple[str, bytes, int | None]:
    return address.scheme, address.raw_host, address.port


def _too_late(limits: Limits) -> Trouble:
    return trouble(Breakage.TIMED_OUT, f"no whole answer within {max(0.0, limits.seconds):.3g} s")
