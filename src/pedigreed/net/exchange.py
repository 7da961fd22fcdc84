"""One HTTP exchange: a request and its answer, with limits on time, bytes and redirects.

`exchange` is for coroutines, `blocking_exchange` for threads. Neither raises, logs or tells the address: it may be
a secret. They try once; `patience.Patience` says when to try again.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING, Any, Protocol

import httpx

from pedigreed.model.failure import Unreadable, UpstreamUnavailable
from pedigreed.net.breakage import Breakage, Trouble, trouble, what_broke
from pedigreed.net.inflating import Inflating, are_too_small
from pedigreed.net.patience import Passing, unwanted
from pedigreed.redaction import http_log_silenced

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

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
_INTO_PRIVATE = "it redirects into a private network"
_SCHEMES = ("http", "https")


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
        silence: seconds without a byte that end it; None for as long as the whole may take.
    """

    seconds: float
    largest: int
    redirects: int = 0
    silence: float | None = None


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


async def exchange(
    request: Request,
    limits: Limits,
    tls_context: ssl.SSLContext | None = None,
    receiver: Receiver | None = None,
) -> Answer | NoAnswer:
    """Make the exchange once, over a connection of its own.

    Args:
        request: what is asked.
        limits: of time, size and redirects. What a receiver takes may be of any size.
        tls_context: whom to trust; None for the system's authorities.
        receiver: takes the body where it accepts the head; the answer has none then.
    """
    if limits.seconds <= 0:
        return NoAnswer(_too_late(limits))
    attempt = _Attempt(request, limits, receiver)
    clock = asyncio.timeout(limits.seconds)
    try:
        with http_log_silenced():
            # The library's own limits are for each piece that comes: a slow drip would go on for ever.
            async with clock:
                await attempt.run(tls_context or ssl.create_default_context())
    except _Stopped as stopped:
        return attempt.result(stopped.trouble)
    except Unreadable as error:
        return attempt.result(trouble(Breakage.NOT_DECOMPRESSED, str(error)))
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ValueError) as error:
        return attempt.result(_too_late(limits) if clock.expired() else what_broke(error))
    return attempt.result(None)


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

    def __init__(self, request: Request, limits: Limits, receiver: Receiver | None) -> None:
        self._request = request
        self._limits = limits
        self._receiver = receiver
        self._is_begun = False
        self._is_written = False
        self._host = ""
        self._has_left = False
        self._may_be_private = False
        self._is_direct = True
        self._response: httpx.Response | None = None
        self._body: Inflating | None = None

    async def run(self, tls_context: ssl.SSLContext) -> None:
        request = self._request
        headers = {"Accept-Encoding": "identity", "Connection": "close", **request.headers}
        async with httpx.AsyncClient(
            timeout=self._limits.silence,  # the whole is limited as well
            verify=tls_context,
            follow_redirects=False,
        ) as client:
            address = httpx.URL(request.address)
            self._host = _host_of(address)
            self._may_be_private = _names_private(self._host)
            for followed in range(self._limits.redirects + 1):
                async with client.stream(
                    request.method,
                    address,
                    content=request.content or None,
                    headers=headers,
                    extensions={"trace": self._watch},
                ) as response:
                    if not self._limits.redirects or response.status_code not in _REDIRECTS:
                        await self._take(response)
                        return
                    if followed < self._limits.redirects:
                        before, address = address, _next(address, response.headers.get("Location"))
                        if _origin_of(address) != _origin_of(before):
                            headers = {name: headers[name] for name in headers if name.lower() != "authorization"}
                        self._follow_to(_host_of(address))
        raise _Stopped(trouble(Breakage.REDIRECT, f"it redirects more than {self._limits.redirects} times"))

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

    def _follow_to(self, host: str) -> None:
        # Through a proxy, this is all that is known of where it leads.
        self._host, self._has_left = host, True
        if not self._may_be_private and _names_private(host):
            raise _Stopped(trouble(Breakage.REDIRECT, _INTO_PRIVATE))

    async def _check_peer(self, stream: Any) -> None:  # noqa: ANN401  # the HTTP library's
        """Where the connection leads, whatever the name resolves to: the first one may be private."""
        peer = stream.get_extra_info("server_addr")
        if not self._is_direct or peer is None or not is_private(peer[0]):
            return
        if not self._has_left:
            self._may_be_private = True
        elif not self._may_be_private:
            await stream.aclose()
            raise _Stopped(trouble(Breakage.REDIRECT, _INTO_PRIVATE))

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


def redirect_target(address: str, location: str | None, *, may_be_private: bool) -> str:
    """Where a redirect leads, for a client that asks by other means: the rule is the one of `Limits.redirects`.

    Args:
        address: what was asked.
        location: what the answer names.
        may_be_private: whether it may lead into a private network, since the configured address is in one.

    Raises:
        Unreadable: it is not followed; says why.
    """
    try:
        following = _next(httpx.URL(address), location)
        host = _host_of(following)
    except _Stopped as stopped:
        raise Unreadable(stopped.trouble.words) from None
    except (httpx.InvalidURL, ValueError):
        raise Unreadable(Breakage.REDIRECT.value) from None
    if not may_be_private and leads_into_private(host):
        raise Unreadable(_INTO_PRIVATE)
    return str(following)


def leads_into_private(host: str) -> bool:
    """Whether it is a private address, or a name of one. It asks the system's resolver."""
    if _names_private(host):
        return True
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return any(is_private(str(address[0])) for *_, address in found)


def is_private(host: str) -> bool:
    """Whether it is an IP address that is not for the whole internet: loopback, link-local, private."""
    try:
        address = ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return not (mapped or address).is_global


def _names_private(host: str) -> bool:
    return host == "localhost" or is_private(host)


def _host_of(address: httpx.URL) -> str:
    """As the connection has it."""
    return address.raw_host.decode("ascii")


def _origin_of(address: httpx.URL) -> tuple[str, bytes, int | None]:
    return address.scheme, address.raw_host, address.port


def _next(address: httpx.URL, location: str | None) -> httpx.URL:
    """Where a redirect leads."""
    following = address.join(location or "")
    if not location or following.scheme not in _SCHEMES or not following.host:
        raise _Stopped(trouble(Breakage.REDIRECT))
    if address.scheme == "https" and following.scheme == "http":
        raise _Stopped(trouble(Breakage.REDIRECT, "it redirects from https to http"))
    return following


def _too_late(limits: Limits) -> Trouble:
    return trouble(Breakage.TIMED_OUT, f"no whole answer within {max(0.0, limits.seconds):.3g} s")
