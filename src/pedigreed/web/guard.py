"""What holds for every request and answer: it is for this machine, it only reads, and errors go to the log."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING

import structlog
from aiohttp import web
from aiohttp.helpers import content_disposition_header

from pedigreed.log.repeats import Repeats
from pedigreed.model.failure import PedigreedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp.typedefs import Handler


HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Server": "pedigreed",
    "X-Content-Type-Options": "nosniff",
}
"""There is no script, nothing of another site, nothing to send, and no frame around it."""

AS_SENT: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
}
"""A digest's page has its styles within it, as mails have, and nothing else that a browser would fetch or run."""

FILE: Mapping[str, str] = {"Content-Security-Policy": "default-src 'none'; sandbox"}
"""A file is to be kept, not shown."""

NEVER_KEPT = {"Cache-Control": "no-store"}


def line(text: str, status: int = 200, **headers: str) -> web.Response:
    """One line of plain text."""
    return web.Response(text=f"{text}\n", status=status, headers={**NEVER_KEPT, **headers})


def page(html: str, status: int = 200, headers: Mapping[str, str] = HEADERS) -> web.Response:
    """A page for people."""
    return web.Response(
        text=html, status=status, content_type="text/html", charset="utf-8", headers={**NEVER_KEPT, **headers}
    )


def file(name: str, content: bytes, media_type: str) -> web.Response:
    """A file to keep. `name` may be anything: it is quoted for a header."""
    disposition = content_disposition_header("attachment", filename=name)
    headers = {**NEVER_KEPT, **FILE, "Content-Type": media_type, "Content-Disposition": disposition}
    return web.Response(body=content, headers=headers)


_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+))(?::[0-9]{1,5})?", re.ASCII)


def is_ours(host: str) -> bool:
    """Whether a Host header names this machine: localhost, or a loopback address; with any port, or none.

    The port may be another where the connection was forwarded.
    """
    form = _HOST.fullmatch(host)
    if form is None:
        return False
    if form[2] and form[2].lower() == "localhost":
        return True
    try:
        return ip_address(form[1] or form[2]).is_loopback
    except ValueError:
        return False


READS = ("GET", "HEAD")

_log = structlog.get_logger()
_repeats = Repeats()


def note_unreadable(request: web.Request, error: PedigreedError) -> None:
    """Log that the store could not be read for a request. Monitors ask again every few seconds."""
    if times := _repeats.count(("store not readable", request.path, str(error))):
        _log.warning("http: store not readable", path=request.path, reason=str(error), times=times)


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a request, or say in one line why not."""
    response = await _answer(request, handler)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


async def _answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    if not is_ours(request.headers.get("Host", "")):
        return line("this address is not one of this machine's own", 421)
    if request.method not in READS:
        return line("there is nothing here that can be changed", 405, Allow=", ".join(READS))
    try:
        return await handler(request)
    except web.HTTPException as error:
        return line(error.reason.lower(), error.status)
    except PedigreedError as error:
        note_unreadable(request, error)
        return line("the store can't be read now; the log says why", 503, **{"Retry-After": "30"})
    except Exception:  # noqa: BLE001  # whatever it is, it stays with this request
        if times := _repeats.count(("no answer", request.path)):
            _log.exception("http: no answer", path=request.path, times=times)
        return line("this could not be answered; the log says why", 500)
