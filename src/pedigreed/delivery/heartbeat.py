"""Asks for a monitor's web address after each complete cycle, so that the monitor notices when none comes."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from pedigreed.config.address import parse_secret_url
from pedigreed.delivery.posting import USER_AGENT
from pedigreed.model.failure import PedigreedError
from pedigreed.model.printable import short_line
from pedigreed.net.exchange import Limits, NoAnswer, Request, exchange
from pedigreed.redaction import shown_address

if TYPE_CHECKING:
    import ssl
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
    try:
        url = parse_secret_url(address())
    except (ValueError, PedigreedError) as error:
        return short_line(str(error))
    # The body is not waited for.
    limits = Limits(within, largest=0)
    came = await exchange(Request("GET", url, {"User-Agent": USER_AGENT}), limits, tls_context)
    if isinstance(came, NoAnswer):
        return f"{shown_address(url)}: {came.trouble.words}"
    is_taken = HTTPStatus.OK <= came.status < HTTPStatus.MULTIPLE_CHOICES
    return None if is_taken else f"{shown_address(url)}: answered {came.status}"
