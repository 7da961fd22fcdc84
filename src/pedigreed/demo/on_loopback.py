"""What is served on loopback, in a thread of its own, for the length of a ``with`` statement."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

_POLL_S = 0.02


class LoopbackServer(Protocol):
    """A server that listens already."""

    @property
    def url(self) -> str:
        """``http://127.0.0.1:40123``."""

    def serve_forever(self, poll_interval: float = ...) -> None:
        """Answer until it is shut down."""

    def shutdown(self) -> None:
        """End `serve_forever`."""

    def close(self) -> None:
        """End every connection, and stop listening."""


class OnLoopback(ABC):
    """Use it in a ``with`` statement; outside of it there is no `url`."""

    _server: LoopbackServer | None = None
    _thread: threading.Thread | None = None

    @abstractmethod
    def _listen(self) -> LoopbackServer:
        """Make the server."""

    @property
    def url(self) -> str:
        """Where it listens: ``http://127.0.0.1:40123``."""
        assert self._server is not None, "it is served inside a with statement"
        return self._server.url

    def __enter__(self) -> Self:
        self._server = self._listen()
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_POLL_S,))
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        assert self._thread is not None
        self._server.shutdown()
        self._thread.join()
        self._server.close()
