"""The recorded archive without its socket: a request to a reply."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

import msgspec

from pedigreed.demo import protocol
from pedigreed.demo.columnsconfig import columns_of, columnsconfig
from pedigreed.demo.received import RequestKind
from pedigreed.demo.reply import Reply
from pedigreed.demo.script import Script
from pedigreed.model.failure import Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from pedigreed.demo.columnsconfig import Columns
    from pedigreed.demo.fault import Fault
    from pedigreed.demo.filters import Row
    from pedigreed.demo.received import Received
    from pedigreed.model.instrument import Instrument

_CACHE_BYTES = 64_000_000


class Portal:
    """Answers the portal's protocol over the archive's rows.

    Attributes:
        now: the archive's clock, UTC.
        executing_polls: how often a request is told to come again before it is answered.
        script: the faults that the next requests meet.
    """

    def __init__(self, rows_at: Callable[[datetime], Sequence[Row]], now: datetime, executing_polls: int) -> None:
        self.now = now
        self.executing_polls = executing_polls
        self.script = Script()
        self._rows_at = rows_at
        self._polled: dict[str, int] = {}
        self._cache: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def reply_to(self, received: Received) -> Reply:
        """The reply, spoiled by the faults that the request meets."""
        faults = self.script.take(received)
        if received.kind in {RequestKind.OTHER, RequestKind.RPC}:
            reply = Reply(b"<html><body>404 Not Found</body></html>", 404, "text/html")
        elif received.kind is RequestKind.COLUMNSCONFIG:
            reply = Reply(self._columnsconfig(received, faults))
        else:
            reply = Reply(self._invoked(received, faults))
        for fault in faults:
            reply = fault.on_reply(reply)
        return reply

    def _columnsconfig(self, received: Received, faults: tuple[Fault, ...]) -> bytes:
        try:
            columns = _columns(protocol.instrument_of(received.service), received.kind, faults)
        except Unreadable:
            return b"{}"
        return msgspec.json.encode(columnsconfig(columns))

    def _invoked(self, received: Received, faults: tuple[Fault, ...]) -> bytes:
        if faults:
            return self._answered(received, faults)
        with self._lock:
            polled = self._polled.get(received.text, 0)
            self._polled[received.text] = polled + 1
            if polled < self.executing_polls:
                return protocol.encode_executing()
            cached = self._cache.get(received.text)
        if cached is None:
            cached = self._answered(received, ())
            self._remember(received.text, cached)
        return cached

    def _answered(self, received: Received, faults: tuple[Fault, ...]) -> bytes:
        try:
            asked = protocol.parse_query(received.text)
            columns = _columns(asked.instrument, received.kind, faults)
            taken = asked
            for fault in faults:
                taken = fault.on_query(taken)
            answered = protocol.answer(taken, self._rows_at(self.now), columns)
        except Unreadable as refusal:
            return protocol.encode_error(str(refusal))
        for fault in faults:
            answered = fault.on_answer(answered, asked)
        return protocol.encode(answered)

    def _remember(self, text: str, answered: bytes) -> None:
        """The identical request is answered from here, however the archive moved on."""
        with self._lock:
            self._cache[text] = answered
            while len(self._cache) > 1 and sum(map(len, self._cache.values())) > _CACHE_BYTES:
                self._cache.popitem(last=False)


def _columns(instrument: Instrument, kind: RequestKind, faults: tuple[Fault, ...]) -> Columns:
    columns = columns_of(instrument)
    for fault in faults:
        columns = fault.on_columns(columns, kind)
    return columns
