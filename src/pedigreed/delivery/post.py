"""One POST over a connection of its own, and how far it came."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, replace
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import httpx

from pedigreed.config.address import parse_secret_url
from pedigreed.delivery.line import one_line
from pedigreed.delivery.tls import is_tls_refusal
from pedigreed.model.delivery import Retry, Scope, Unsure
from pedigreed.redaction import http_log_silenced, redact, shown_address

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_PAUSE = timedelta(days=1)
"""That a destination may ask for."""

_READ = 2048
"""Bytes of an answer: all that matters stands at its beginning."""

_BAD_ADDRESS = (httpx.InvalidURL, ValueError)
"""What the library raises for an address that looked like one, such as a host name that can't be encoded."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered.

    Attributes:
        status: the HTTP status.
        pause: the pause that it asks for (Retry-After), at most a day; zero if it asks for none.
        text: the beginning of its body, as one line and without the address; None if the body broke off.
    """

    status: int
    pause: timedelta
    text: str | None

    @property
    def in_words(self) -> str:
        """``429 rate_limited``."""
        return f"{self.status} {self.text or ''}".rstrip()


async def post(
    address: str,
    content: bytes,
    headers: Mapping[str, str],
    *,
    within: float,
    tls_context: ssl.SSLContext | None = None,
) -> Answer | Retry | Unsure:
    """Post once. Follows no redirect, keeps nothing, and never tells or logs the address.

    A request that was not written to its end is never acted on, so it can be tried again. What happens after
    that, and before the answer, is unsure.

    Args:
        address: http or https; a secret.
        content: the body.
        headers: beside those that HTTP itself needs.
        within: seconds for all of it.
        tls_context: whom to trust; None for the system's authorities.
    """
    try:
        address = parse_secret_url(address)
    except ValueError as error:
        return Retry(f"the webhook's address: {error}", scope=Scope.CHANNEL_BROKEN)
    exchange = _Exchange(address)
    with http_log_silenced():
        try:
            async with asyncio.timeout(within):
                await exchange.run(content, headers, tls_context or ssl.create_default_context())
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            return exchange.broken_off(error)
    return exchange.answer or Unsure("no answer")


class _Exchange:
    """One request and what is known of its answer so far."""

    def __init__(self, address: str) -> None:
        self.answer: Answer | None = None
        self._address = address
        self._is_begun = False
        self._is_written = False

    async def run(self, content: bytes, headers: Mapping[str, str], tls_context: ssl.SSLContext) -> None:
        own = {"Accept-Encoding": "identity", "Connection": "close", **headers}
        async with (
            httpx.AsyncClient(timeout=None, verify=tls_context, follow_redirects=False) as client,  # noqa: S113  # the caller limits the whole
            client.stream(
                "POST", self._address, content=content, headers=own, extensions={"trace": self._watch}
            ) as response,
        ):
            answer = Answer(response.status_code, _pause(response.headers), None)
            self.answer = answer
            self.answer = replace(answer, text=self._line(await _beginning(response)))

    def broken_off(self, error: Exception) -> Answer | Retry | Unsure:
        if self.answer is not None:
            return self.answer
        said = "it took too long" if isinstance(error, TimeoutError) else self._line(str(error))
        reason = f"{shown_address(self._address)}: {said or type(error).__name__}"
        if self._is_written:
            return Unsure(f"{reason}; the message may have arrived")
        return Retry(reason, scope=self._scope(error))

    async def _watch(self, event: str, info: Mapping[str, Any]) -> None:
        # A proxy is asked with a CONNECT of its own before.
        if event == "http11.send_request_headers.started" and info["request"].method == b"POST":
            self._is_begun = True
        if event == "http11.send_request_body.started" and info["request"].method == b"POST":
            self._is_written = True

    def _scope(self, error: Exception) -> Scope:
        """Without a connection no message can go."""
        if isinstance(error, _BAD_ADDRESS) or is_tls_refusal(error):
            return Scope.CHANNEL_BROKEN
        return Scope.MESSAGE if self._is_begun else Scope.CHANNEL_BUSY

    def _line(self, text: str) -> str:
        return one_line(redact(text, self._address), 200)


async def _beginning(response: httpx.Response) -> str:
    read = b""
    async for chunk in response.aiter_raw():
        read += chunk
        if len(read) >= _READ:
            break
    return read[:_READ].decode("utf-8", "replace")


def _pause(headers: httpx.Headers) -> timedelta:
    """Retry-After in either form: seconds, or a date, which is held against the answer's own Date."""
    asked = headers.get("Retry-After", "").strip()
    try:
        if asked.isascii() and asked.isdigit():
            pause = timedelta(seconds=min(int(asked[:12]), LONGEST_PAUSE.total_seconds()))
        else:
            pause = parsedate_to_datetime(asked) - parsedate_to_datetime(headers.get("Date", ""))
    except (ValueError, TypeError, OverflowError):
        return timedelta(0)
    return max(timedelta(0), min(pause, LONGEST_PAUSE))
