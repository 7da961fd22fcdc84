"""A limit on the whole of an HTTP exchange.

The library limits only each wait for the next bytes: a server that sends one byte at a time is waited for without
end, and in the headers nobody looks at the clock between two bytes. So the connection is ended from outside.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

_CONNECTED = ("connect_tcp.complete", "start_tls.complete")


class TimeLimit:
    """Ends the connection that it watches after so many seconds. Use it in a ``with`` statement, once.

    Looking up a host's name has the system's own limit.

    Attributes:
        is_over: whether the time ran out.
    """

    def __init__(self, seconds: float) -> None:
        self.is_over = False
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def watch(self, event: str, info: Mapping[str, Any]) -> None:
        """Take note of the connection: the library's ``trace`` extension."""
        if event.endswith(_CONNECTED):
            with self._lock:
                self._socket = info["return_value"].get_extra_info("socket")
            if self.is_over:
                self._shut()

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        self._timer.join()

    def _end(self) -> None:
        self.is_over = True
        self._shut()

    def _shut(self) -> None:
        with self._lock, contextlib.suppress(OSError):
            if self._socket is not None:
                self._socket.shutdown(socket.SHUT_RDWR)
