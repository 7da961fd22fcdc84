"""The bytes behind an address, within limits."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import httpx
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_any,
    stop_before_delay,
    wait_exponential,
)

from pedigreed.model.failure import Unreadable
from pedigreed.redaction import http_log_silenced
from pedigreed.sources.feeds.inflating import Inflating

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pedigreed.sources.feeds.limits import FeedLimits

_OK = 200
_NOT_MODIFIED = 304
_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SCHEMES = ("http", "https")
_NO_WEB_ADDRESS = "it redirects to what is no web address"
_WORDS = (
    (ssl.SSLError, "no TLS connection comes about"),
    (socket.gaierror, "its name does not resolve"),
    (ConnectionRefusedError, "the connection was refused"),
    (ConnectionResetError, "the connection was reset"),
)


@dataclass(frozen=True, slots=True)
class Download:
    """What came.

    Attributes:
        body: decompressed; what came before it broke off, where it did.
        headers: of the answer.
        is_unchanged: whether the server said that it is as it was.
        problem: why it is not whole, in words and without the address; None where it is.
    """

    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    is_unchanged: bool = False
    problem: str | None = None


class _Failed(Exception):
    """It will be no better a moment later."""

    def __init__(self, problem: str, pause: float = 0.0) -> None:
        super().__init__(problem)
        self.problem = problem
        self.pause = pause


class _Passing(_Failed):
    """It may be over soon. `pause` is what the server asked for (seconds)."""


def download(
    url: str, headers: Mapping[str, str], limits: FeedLimits, tls_context: ssl.SSLContext | None = None
) -> Download:
    """Get it. Follows redirects to http and https, and from https to https only. Tells of every failure in words.

    It blocks, and runs an event loop of its own: call it in a thread without one. Only the resolving of a name
    can outlast the limit, by as long as the system's resolver waits.

    Args:
        url: http or https; may be a secret.
        headers: of the request.
        limits: of time, size and redirects.
        tls_context: whom to trust; None for the system's authorities.
    """
    ends = time.monotonic() + limits.within
    retrying = Retrying(
        retry=retry_if_exception_type(_Passing),
        stop=stop_any(stop_after_attempt(limits.attempts), stop_before_delay(limits.within)),
        wait=lambda state: _pause(state, limits),
        reraise=True,
    )
    attempt = _Attempt(limits, tls_context or ssl.create_default_context())
    try:
        retrying(attempt.run, url, headers, ends)
    except _Failed as failed:
        return Download(attempt.body, attempt.headers, problem=failed.problem)
    return Download(attempt.body, attempt.headers, attempt.is_unchanged)


class _Attempt:
    """What is known of the latest attempt."""

    def __init__(self, limits: FeedLimits, tls_context: ssl.SSLContext) -> None:
        self.headers: Mapping[str, str] = {}
        self.is_unchanged = False
        self._limits = limits
        self._tls_context = tls_context
        self._inflating: Inflating | None = None

    @property
    def body(self) -> bytes:
        return bytes(self._inflating.body[: self._limits.largest]) if self._inflating else b""

    def run(self, url: str, headers: Mapping[str, str], ends: float) -> None:
        self.headers, self._inflating = {}, None
        asyncio.run(self._in_time(url, headers, ends))

    async def _in_time(self, url: str, headers: Mapping[str, str], ends: float) -> None:
        # The library's own limits are for each piece that comes: a slow drip would go on for ever.
        try:
            with http_log_silenced():
                async with asyncio.timeout(ends - time.monotonic()):
                    await self._get(url, headers)
        except TimeoutError:
            raise _Failed(f"it did not answer to the end within {self._limits.within:g} s") from None
        except Unreadable as error:
            raise _Failed(str(error)) from None
        except (httpx.InvalidURL, ValueError):
            raise _Failed("an address on the way to it can't be used") from None
        except (httpx.HTTPError, OSError) as error:
            raise _failure(error) from None

    async def _get(self, url: str, headers: Mapping[str, str]) -> None:
        own = {"Accept-Encoding": "gzip", **headers}
        async with httpx.AsyncClient(
            timeout=None,  # noqa: S113  # the caller limits the whole
            verify=self._tls_context,
            follow_redirects=False,
        ) as client:
            address = httpx.URL(url)
            for _ in range(self._limits.redirects + 1):
                async with client.stream("GET", address, headers=own) as response:
                    if response.status_code not in _REDIRECTS:
                        await self._take(response)
                        return
                    address = _next(address, response.headers.get("Location"))
        raise _Failed(f"it redirects more than {self._limits.redirects} times")

    async def _take(self, response: httpx.Response) -> None:
        self._check(response)
        self.headers = response.headers
        if self.is_unchanged:
            return
        self._inflating = inflating = Inflating(response.headers.get("Content-Encoding", ""), self._limits.largest)
        async for piece in response.aiter_raw():
            inflating.take(piece)
            if inflating.is_too_long:
                raise _Failed(f"it is longer than {self._limits.largest:,} bytes")
        if not inflating.is_whole:
            raise _Passing("the answer broke off")

    def _check(self, response: httpx.Response) -> None:
        status = response.status_code
        self.is_unchanged = status == _NOT_MODIFIED
        if status == _TOO_MANY_REQUESTS or status >= _SERVER_ERROR:
            raise _Passing(f"it answered HTTP {status}", _retry_after(response.headers))
        if status not in {_OK, _NOT_MODIFIED}:
            raise _Failed(f"it answered HTTP {status}")


def _next(address: httpx.URL, location: str | None) -> httpx.URL:
    """Where a redirect leads."""
    following = address.join(location or "")
    if not location or following.scheme not in _SCHEMES or not following.host:
        raise _Failed(_NO_WEB_ADDRESS)
    if address.scheme == "https" and following.scheme == "http":
        raise _Failed("it redirects from https to http")
    return following


def _pause(state: RetryCallState, limits: FeedLimits) -> float:
    """The usual pause, or what the server asked for where that is longer (seconds)."""
    failure = state.outcome.exception() if state.outcome else None
    told = failure.pause if isinstance(failure, _Passing) else 0.0
    return max(told, wait_exponential(multiplier=limits.first_pause)(state))


def _retry_after(headers: httpx.Headers) -> float:
    """Seconds by a Retry-After header in either form: seconds, or a date, held against the answer's own Date."""
    asked = headers.get("Retry-After", "").strip()
    try:
        if asked.isascii() and asked.isdigit():
            return float(asked[:12])
        pause = parsedate_to_datetime(asked) - parsedate_to_datetime(headers.get("Date", ""))
    except (ValueError, TypeError, OverflowError):
        return 0.0
    return max(0.0, pause.total_seconds())


def _failure(error: Exception) -> _Failed:
    """A few words for a failure of the connection, without the address."""
    causes = tuple(_causes(error))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return _Failed("its certificate is not valid")
    for kind, words in _WORDS:
        if any(isinstance(cause, kind) for cause in causes):
            return _Passing(words)
    text = str(error).lower()
    if "location header" in text:
        return _Failed(_NO_WEB_ADDRESS)
    if "incomplete" in text:
        return _Passing("the answer broke off")
    if "disconnected" in text:
        return _Passing("the connection was closed before an answer")
    return _Passing(f"it can't be read: {type(error).__name__}")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, and all that it came of."""
    yield error
    several = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    for cause in (*several, error.__cause__ or error.__context__):
        if cause is not None:
            yield from _causes(cause)
