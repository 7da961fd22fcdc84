"""MAST's keyword record of one file, whatever its level: the one source for what the keyword services do not list.

Source: STScI's page "API for JWST Metadata", with an example; the real service was not tried.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from pedigreed.model.failure import Unreadable, UpstreamUnavailable
from pedigreed.model.instrument import Instrument
from pedigreed.net.access_token import by_mast_token
from pedigreed.net.exchange import Request, blocking_exchange, limits_of, usable
from pedigreed.net.patience import Patience
from pedigreed.sources.mast.row import product_of

if TYPE_CHECKING:
    from pedigreed.model.product import Product

PATIENCE = Patience(exchange_timeout=60.0, total_timeout=180.0, largest_answer=1 << 20)

_KEYWORDS = "/viz/api/v0.1/keywords/search?uri="


class KeywordRecords:
    """Asks for the record of one file after another, never for two at once."""

    def __init__(
        self, url: str, user_agent: str, *, token: str | None = None, patience: Patience = PATIENCE
    ) -> None:
        self._url = url.rstrip("/")
        self._headers = {"User-Agent": user_agent, "Accept": "application/json"}
        if token is not None:
            self._headers |= by_mast_token(token)
        self._patience = patience

    def product(self, filename: str) -> Product | None:
        """What the archive says of a file; None where it has none of the name.

        Raises:
            UpstreamUnavailable: it did not answer, or in a form that is not known.
        """
        address = self._url + _KEYWORDS + quote(f"mast:JWST/product/{filename}", safe="")
        deadline = self._patience.deadline()
        for attempt in self._patience.retrying(deadline):
            with attempt:
                request = Request("GET", address, self._headers)
                came = blocking_exchange(request, limits_of(self._patience, deadline))
                answer = usable(came, (HTTPStatus.OK, HTTPStatus.NOT_FOUND))
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        try:
            record = msgspec.json.decode(answer.body, type=dict[str, object])
            if not record:
                return None
            if record.get("filename") != filename:
                raise UpstreamUnavailable("its keyword record is of another file")
            return product_of(record, Instrument(str(record.get("instrume")).lower()))
        except (msgspec.DecodeError, UnicodeDecodeError, Unreadable, ValueError) as error:
            raise UpstreamUnavailable("its keyword record is in a form that is not known") from error
