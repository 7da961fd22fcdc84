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
from typing import TYPE_CHECKING, Protocol

from pedigreed.model.failure import UpstreamUnavailable
from pedigreed.net.patience import Passing, Unreached, unwanted

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Self

    from aiohttp import ClientSession

    from pedigreed.net.breakage import Trouble
    from pedigreed.net.patience import Patience


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

    session: ClientSession

    def __init__(self, silence: float | None = None) -> None:
        """Begin. So many seconds without a byte end an exchange; None for as long as the whole may take."""
        self._silence = silence
        self.is_private = False

    async def __aenter__(self) -> Self:
        from pedigreed.net.attempt import session_of  # noqa: PLC0415  # as in `exchange`

        self.session = session_of(self._silence, None, keeps_connections=True)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.session.close()


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
    from pedigreed.net.attempt import Attempt  # noqa: PLC0415  # it takes long, and not every process asks

    attempt = Attempt(request, limits, receiver, connections)
    if limits.seconds <= 0:
        return NoAnswer(attempt.too_late())
    return await attempt.result(tls_context)


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
        what = came.trouble.what
        failure = Unreached if what.reaches_nobody else Passing if what.may_pass else UpstreamUnavailable
        raise failure(came.trouble.words)
    assert isinstance(came, Answer)
    return came
