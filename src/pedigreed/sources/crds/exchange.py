"""One HTTP exchange with CRDS: a body out, a body in, within all limits."""

from __future__ import annotations

import ssl
import time
from functools import cache
from http import HTTPStatus

import httpx

from pedigreed.model.failure import UpstreamUnavailable
from pedigreed.sources.crds.expanded import expanded
from pedigreed.sources.crds.patience import Passing
from pedigreed.sources.crds.retry_after import retry_after
from pedigreed.sources.crds.time_limit import TimeLimit

_PASSING_REFUSALS = frozenset((HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS))
_SIGNS = (
    ("refused", "connection refused"),
    ("reset", "connection reset"),
    ("certificate", "its certificate is not valid"),
    ("name or service", "its name does not resolve"),
    ("name resolution", "its name does not resolve"),
    ("nodename", "its name does not resolve"),
    ("incomplete", "the reply broke off"),
    ("disconnected", "connection closed"),
)


def post(
    address: str,
    content: bytes,
    user_agent: str,
    *,
    within: float,
    largest: int,
    tls_context: ssl.SSLContext | None = None,
) -> bytes:
    """Post JSON once, follow no redirect, and give what came back with status 200.

    Args:
        address: http or https.
        content: the request's body.
        user_agent: the header's value.
        within: seconds for all of it.
        largest: the most bytes that are taken in, also after decompression.
        tls_context: whom to trust; None for the system's authorities.

    Raises:
        Passing: no whole answer came, for a reason that may be over soon.
        UpstreamUnavailable: an answer came that can't be used.
    """
    headers = {
        "User-Agent": user_agent,
        "Content-Type": "application/json",
        "Accept": "application/json",
        # A reply is counted as it comes. What a proxy compresses all the same is expanded within the limit.
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    ends = time.monotonic() + within
    with TimeLimit(within) as limit:
        try:
            with (
                httpx.Client(timeout=within, verify=tls_context or _trusted(), follow_redirects=False) as client,
                client.stream(
                    "POST", address, content=content, headers=headers, extensions={"trace": limit.watch}
                ) as response,
            ):
                _check_status(response)
                return _body(response, ends, largest)
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            if limit.is_over or isinstance(error, httpx.TimeoutException):
                raise Passing(f"CRDS did not answer within {within:.3g} s") from error
            raise Passing(f"CRDS did not answer: {_reason(error)}") from error
        except (httpx.InvalidURL, ValueError) as error:
            raise UpstreamUnavailable("CRDS can't be asked: its address is no web address") from error


@cache
def _trusted() -> ssl.SSLContext:
    """The authorities, read once: it takes longer than a call."""
    return ssl.create_default_context()


def _check_status(response: httpx.Response) -> None:
    status = response.status_code
    if status == HTTPStatus.OK:
        return
    if response.is_redirect:
        raise UpstreamUnavailable(f"CRDS answered {status}, a redirect, which is not followed")
    if response.is_server_error or status in _PASSING_REFUSALS:
        raise Passing(f"CRDS answered {status}", retry_after(response.headers.get("Retry-After", ""), time.time()))
    raise UpstreamUnavailable(f"CRDS answered {status}")


def _body(response: httpx.Response, ends: float, largest: int) -> bytes:
    body = bytearray()
    for piece in response.iter_raw():
        body += piece
        if len(body) > largest:
            raise UpstreamUnavailable(f"CRDS sent more than {largest:,} bytes")
        if time.monotonic() > ends:
            raise httpx.ReadTimeout("too slow")
    coding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if coding in {"gzip", "x-gzip", "deflate"}:
        return expanded(bytes(body), largest)
    if coding not in {"", "identity"}:
        raise UpstreamUnavailable("CRDS's reply is compressed in a way that was not asked for")
    return bytes(body)


def _reason(error: Exception) -> str:
    """A few words for a failure of the transport, without the address."""
    said = str(error).lower()
    return next((words for sign, words in _SIGNS if sign in said), type(error).__name__)
