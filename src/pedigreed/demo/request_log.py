"""Every request that came, and how many were being answered at once."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from pedigreed.demo.received import parse_received

if TYPE_CHECKING:
    from pedigreed.demo.received import Received


class RequestLog:
    """Filled by the threads of the server.

    Attributes:
        requests: in the order of coming.
        most_at_once: the most requests that were being answered at any one time.
    """

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.most_at_once = 0
        self._answering = 0
        self._lock = threading.Lock()

    def receive(self, method: str, target: str, form: str, user_agent: str) -> Received:
        with self._lock:
            self._answering += 1
            self.most_at_once = max(self.most_at_once, self._answering)
            received = parse_received(method, target, form, user_agent=user_agent, at_once=self._answering)
            self.requests.append(received)
        return received

    def answered(self) -> None:
        with self._lock:
            self._answering -= 1
