"""The product's archive, with the bytes handed over where the HTTP exchange would be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.demo.protocol import COUNT, Answer, encode, paging_of
from pedigreed.sources.mast.archive import MastArchive
from pedigreed.sources.mast.portal import Portal
from pedigreed.sources.mast.session import QueryLimits

if TYPE_CHECKING:
    from collections.abc import Mapping

_URL = "http://archive.example"
_AGENT = "pedigreed-benchmark"


class HandedPortal(Portal):
    """Everything that the portal client does with a request and its reply, except to send it."""

    def __init__(self, page: bytes, rows: int) -> None:
        super().__init__(_URL, _AGENT, QueryLimits())
        self._page = page
        self._count = encode(Answer((("Column1", "int"),), [{"Column1": rows}], paging_of(1, rows, 1, 1)))

    def _exchange(
        self, _method: str, url: str, _params: object, data: str | None, _headers: Mapping[str, str] | None
    ) -> bytes:
        self._http.exchanges += 1
        if url == self.COLUMNS_CONFIG_URL:
            return b"{}"
        return self._count if COUNT.partition("(")[0] in (data or "") else self._page


class HandedArchive(MastArchive):
    """An archive that answers each query with the same page."""

    def __init__(self, page: bytes, rows: int) -> None:
        super().__init__(_URL, _AGENT)
        self._opened = HandedPortal(page, rows)
