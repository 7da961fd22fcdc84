"""Which faults the next requests meet."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pedigreed.demo.received import RequestKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from pedigreed.demo.fault import Fault
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


def is_invoke(received: Received) -> bool:
    return received.kind in {RequestKind.COUNT, RequestKind.PAGE}


def is_count(received: Received) -> bool:
    return received.kind is RequestKind.COUNT


def is_page(received: Received) -> bool:
    return received.kind is RequestKind.PAGE


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
