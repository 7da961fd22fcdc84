"""What holds for every request: it is for us, it only reads, and what goes wrong is not told to who asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from aiohttp import web

from pedigreed.model.failure import PedigreedError
from pedigreed.web.answers import HEADERS, line
from pedigreed.web.host import is_ours

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

READS = ("GET", "HEAD")

_log = structlog.get_logger()


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a request, or say in one line why not."""
    response = await _answer(request, handler)
    response.headers.update(HEADERS)
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
        _log.warning("http: store not readable", path=request.path, reason=str(error))
        return line("the store can't be read now; the log says why", 503, **{"Retry-After": "30"})
    except Exception:  # noqa: BLE001  # whatever it is, it stays with this request
        _log.exception("http: no answer", path=request.path)
        return line("this could not be answered; the log says why", 500)
