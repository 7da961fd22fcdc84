"""The servers of `pedigreed.demo`, which misbehave when a test says so.

with FaultyArchive(archive_at, now=DAY_1) as archive:
    archive.misbehave(GatewayTimeout(), times=2, when=is_page)
    ...  # a client of archive.url
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec

from crds_faults import CrdsFault
from pedigreed.demo import protocol
from pedigreed.demo.archive import DemoArchive
from pedigreed.demo.columnsconfig import columns_of, columnsconfig
from pedigreed.demo.crds import DemoCrds
from pedigreed.demo.listserv import DemoListserv
from pedigreed.demo.loopback import LoopbackService, Reply
from pedigreed.demo.received import RequestKind
from pedigreed.model.failure import Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable

    from faults import Fault
    from pedigreed.demo.columnsconfig import Columns
    from pedigreed.demo.received import Received
    from pedigreed.model.instrument import Instrument


@dataclass(slots=True)
class _Line:
    fault: Fault
    remaining: int | None
    when: Callable[[Received], bool]


class Script:
    """A queue of faults.

    A request meets the first fault of the queue that is for it, and uses up one of its times.
    Faults without a number of times last, and a request meets all of those that are for it as well.
    """

    def __init__(self) -> None:
        self._lines: list[_Line] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault, times: int | None, when: Callable[[Received], bool]) -> None:
        with self._lock:
            self._lines.append(_Line(fault, times, when))

    def clear(self) -> None:
        with self._lock:
            self._lines.clear()

    def take(self, received: Received) -> tuple[Fault, ...]:
        """The faults that this request meets. Each counted one is used up by that."""
        with self._lock:
            met = []
            used_one = False
            for line in self._lines:
                if (line.remaining is not None and used_one) or not line.when(received):
                    continue
                met.append(line.fault)
                if line.remaining is not None:
                    line.remaining -= 1
                    used_one = True
            self._lines = [line for line in self._lines if line.remaining != 0]
            return tuple(met)


class Misbehaving(LoopbackService):
    """A server that meets requests with faults."""

    def __init__(self) -> None:
        super().__init__()
        self._script = Script()

    def misbehave(
        self, fault: Fault, times: int | None = 1, when: Callable[[Received], bool] | None = None
    ) -> None:
        """Let the next requests meet a fault.

        Args:
            fault: one of `faults`, or of those of this server.
            times: how many requests meet it; None for all until `well_behaved`.
            when: which requests it is for, such as `is_page`; every one by default.
        """
        self._script.add(fault, times, when or _every_request)

    def well_behaved(self) -> None:
        """Forget every fault."""
        self._script.clear()


class FaultyArchive(DemoArchive, Misbehaving):
    """An archive with `archive_faults`. What a fault has spoiled is not kept in its cache."""

    def reply_to(self, received: Received) -> Reply:
        faults = self._script.take(received)
        if faults and received.kind is RequestKind.COLUMNSCONFIG:
            reply = Reply(_spoiled_columnsconfig(received, faults))
        elif faults and received.kind in {RequestKind.COUNT, RequestKind.PAGE}:
            reply = Reply(self._spoiled_answer(received, faults))
        else:
            reply = super().reply_to(received)
        return _spoiled(reply, faults)

    def _spoiled_answer(self, received: Received, faults: tuple[Fault, ...]) -> bytes:
        try:
            asked = protocol.parse_query(received.text)
            columns = _spoiled_columns(asked.instrument, received.kind, faults)
            taken = asked
            for fault in faults:
                taken = fault.on_query(taken)
            answered = protocol.answer(taken, self.rows(), columns)
        except Unreadable as refusal:
            return protocol.encode_error(str(refusal))
        for fault in faults:
            answered = fault.on_answer(answered, asked)
        return protocol.encode(answered)


class FaultyCrds(DemoCrds, Misbehaving):
    """A CRDS server with `crds_faults`."""

    def reply_to(self, received: Received) -> Reply:
        faults = self._script.take(received)
        reply = super().reply_to(received)
        if received.kind is RequestKind.RPC and received.method == "POST":
            envelope = msgspec.json.decode(reply.body)
            for fault in faults:
                if isinstance(fault, CrdsFault):
                    envelope = fault.on_envelope(envelope)
            reply = replace(reply, body=msgspec.json.encode(envelope))
        return _spoiled(reply, faults)


class FaultyListserv(DemoListserv, Misbehaving):
    """A list server with faults."""

    def reply_to(self, received: Received) -> Reply:
        reply = _spoiled(super().reply_to(received), self._script.take(received))
        if ("Location", "") in reply.headers:
            return replace(reply, headers=(("Location", received.target),))
        return reply


def is_invoke(received: Received) -> bool:
    return received.kind in {RequestKind.COUNT, RequestKind.PAGE}


def is_count(received: Received) -> bool:
    return received.kind is RequestKind.COUNT


def is_page(received: Received) -> bool:
    return received.kind is RequestKind.PAGE


def is_missions(received: Received) -> bool:
    return received.kind is RequestKind.MISSIONS


def is_path(part: str) -> Callable[[Received], bool]:
    """Whether a request is for a path with this in it."""
    return lambda received: part in received.path


def is_columnsconfig(received: Received) -> bool:
    return received.kind is RequestKind.COLUMNSCONFIG


def is_for(instrument: Instrument) -> Callable[[Received], bool]:
    """Whether a request is for the instrument's service."""
    return lambda received: received.service.lower().endswith(f".{instrument.value}")


def is_about(program: int) -> Callable[[Received], bool]:
    """Whether a request asks for the program, among others or alone."""
    return lambda received: any(
        str(program) in asked.get("values", ())
        for asked in received.params.get("filters", ())
        if asked.get("paramName") == "program"
    )


def is_call_of(method: str) -> Callable[[Received], bool]:
    """Whether a request calls the method of CRDS."""
    return lambda received: received.service == method


def _every_request(_received: Received) -> bool:
    return True


def _spoiled(reply: Reply, faults: tuple[Fault, ...]) -> Reply:
    for fault in faults:
        reply = fault.on_reply(reply)
    return reply


def _spoiled_columnsconfig(received: Received, faults: tuple[Fault, ...]) -> bytes:
    try:
        instrument = protocol.instrument_of(received.service)
    except Unreadable:
        return b"{}"
    return msgspec.json.encode(columnsconfig(_spoiled_columns(instrument, received.kind, faults)))


def _spoiled_columns(instrument: Instrument, kind: RequestKind, faults: tuple[Fault, ...]) -> Columns:
    columns = columns_of(instrument)
    for fault in faults:
        columns = fault.on_columns(columns, kind)
    return columns
