"""The recorded archive: MAST's portal on loopback, with a clock that the caller sets.

with DemoArchive(archive_at, now=DAY_1) as archive:
    ...  # a client of archive.url
    archive.now = DAY_2
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

import msgspec

from pedigreed.demo import missions, product_files, protocol
from pedigreed.demo.columnsconfig import columns_of, columnsconfig
from pedigreed.demo.loopback import NOT_FOUND, LoopbackService, Reply
from pedigreed.demo.received import RequestKind
from pedigreed.model.failure import Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from pedigreed.demo.filters import Row
    from pedigreed.demo.received import Received

_CACHE_BYTES = 64_000_000


class DemoArchive(LoopbackService):
    """A JWST archive on loopback. Use it in a ``with`` statement; outside of it there is no `url`.

    Attributes:
        now: the archive's clock, UTC. Set it to move the story on.
    """

    def __init__(
        self, rows_at: Callable[[datetime], Sequence[Row]], now: datetime, *, executing_polls: int = 0
    ) -> None:
        """Serve ``rows_at(now)``.

        Args:
            rows_at: what the archive has at a moment (UTC); see `scenario.archive_at` and `rows.always`.
            now: the archive's clock, UTC.
            executing_polls: how often each new request is told to come again before it is answered.
        """
        super().__init__()
        self.now = now
        self._rows_at = rows_at
        self._executing_polls = executing_polls
        self._polled: dict[str, int] = {}
        self._cache: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def rows(self) -> Sequence[Row]:
        """What it has now, of every instrument."""
        return self._rows_at(self.now)

    def reply_to(self, received: Received) -> Reply:
        """As the portal answers."""
        if received.kind is RequestKind.COLUMNSCONFIG:
            return Reply(_columnsconfig(received.service))
        if received.kind in {RequestKind.COUNT, RequestKind.PAGE}:
            return Reply(self._invoked(received.text))
        if received.kind is RequestKind.MISSIONS:
            return missions.search_reply(received.request, self.rows())
        if received.path == missions.COLUMN_LIST:
            return missions.column_list()
        if received.path in {*product_files.DOWNLOADS, product_files.KEYWORDS}:
            return product_files.file_reply(received, self.rows(), self.now)
        return NOT_FOUND

    def _invoked(self, text: str) -> bytes:
        """The identical request is answered from the cache, however the archive moved on."""
        with self._lock:
            polled = self._polled.get(text, 0)
            self._polled[text] = polled + 1
            if polled < self._executing_polls:
                return protocol.encode_executing()
            cached = self._cache.get(text)
        if cached is None:
            cached = self._answered(text)
            self._remember(text, cached)
        return cached

    def _answered(self, text: str) -> bytes:
        try:
            query = protocol.parse_query(text)
            return protocol.encode(protocol.answer(query, self.rows(), columns_of(query.instrument)))
        except Unreadable as refusal:
            return protocol.encode_error(str(refusal))

    def _remember(self, text: str, answered: bytes) -> None:
        with self._lock:
            self._cache[text] = answered
            while len(self._cache) > 1 and sum(map(len, self._cache.values())) > _CACHE_BYTES:
                self._cache.popitem(last=False)


def _columnsconfig(service: str) -> bytes:
    try:
        columns = columns_of(protocol.instrument_of(service))
    except Unreadable:
        return b"{}"
    return msgspec.json.encode(columnsconfig(columns))
