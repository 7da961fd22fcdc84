"""A sign of life: a web address that is asked for after each complete cycle, so that a monitor misses it."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING

import httpx

from pedigreed.config.address import parse_secret_url
from pedigreed.delivery.line import one_line
from pedigreed.delivery.posting import USER_AGENT
from pedigreed.model.failure import PedigreedError
from pedigreed.redaction import http_log_silenced, redact, shown_address

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS = 10.0
"""For the whole of it. A monitor that hangs holds nothing up for longer."""


async def beat(
    address: Callable[[], str], *, within: float = SECONDS, tls_context: ssl.SSLContext | None = None
) -> str | None:
    """Ask for the address once. Gives None, or why that failed, in one line and without the address.

    Args:
        address: gives the web address, a secret.
        within: seconds for all of it.
        tls_context: whom to trust; None for the system's authorities.
    """
    url = ""
    try:
        url = parse_secret_url(address())
        with http_log_silenced():
            async with (
                asyncio.timeout(within),
                httpx.AsyncClient(
                    timeout=None,  # noqa: S113  # the whole is limited
                    verify=tls_context or ssl.create_default_context(),
                    follow_redirects=False,
                ) as client,
                client.stream("GET", url, headers={"User-Agent": USER_AGENT}) as response,
            ):
                status = response.status_code
    except TimeoutError:
        return f"{shown_address(url)}: no answer within {within:g} s"
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, PedigreedError) as error:
        where = f"{shown_address(url)}: " if url else ""
        return one_line(where + redact(str(error), url) or type(error).__name__)
    return None if response.is_success else f"{shown_address(url)}: answered {status}"
