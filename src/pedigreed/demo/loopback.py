"""A stand-in for a service of the network: a real HTTP server on loopback, inside a ``with`` statement."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import TYPE_CHECKING, Any

from pedigreed.demo.received import parse_received

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from pedigreed.demo.received import Received


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP reply.

    Attributes:
        body: what is sent.
        status: the HTTP status.
        content_type: the header's value.
        headers: further ones.
    """

    body: bytes
    status: int = 200
    content_type: str = "application/json; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()

    def send(self, exchange: Exchange) -> None:
        """Write it to the client. The request counts as answered just before the client can know that it is."""
        whole = exchange.head(self) + self.body
        exchange.wfile.write(whole[:-1])
        exchange.answered()
        exchange.wfile.write(whole[-1:])


NOT_FOUND = Reply(b"<html><body>404 Not Found</body></html>", 404, "text/html")


class LoopbackService(ABC):
    """Answers requests by `reply_to`. Use it in a ``with`` statement; outside of it there is no `url`.

    Attributes:
        requests: every one that came, in the order of coming. Clear it to forget them.
        most_at_once: the most requests that were being answered at any one time: 1 for a serial client.
    """

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.most_at_once = 0
        self._answering = 0
        self._counting = threading.Lock()
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @abstractmethod
    def reply_to(self, received: Received) -> Reply:
        """The reply to a request. Several threads call it."""

    @property
    def url(self) -> str:
        """Where it listens: ``http://127.0.0.1:40123``."""
        assert self._server is not None, "it is served inside a with statement"
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def receive(self, method: str, target: str, body: str, headers: dict[str, str]) -> Received:
        """Keep a request that came, and count it as being answered."""
        with self._counting:
            self._answering += 1
            self.most_at_once = max(self.most_at_once, self._answering)
            received = parse_received(method, target, body, headers=headers, at_once=self._answering)
            self.requests.append(received)
        return received

    def answered(self) -> None:
        """One of the requests is answered."""
        with self._counting:
            self._answering -= 1

    def __enter__(self) -> Self:
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        assert self._thread is not None
        self._server.stop_serving()
        self._thread.join()
        self._server.close()


class _Server(ThreadingTCPServer):
    """Listens on a free port of loopback. It knows its open connections, so that it can end those that wait."""

    daemon_threads = False
    request_queue_size = 64

    def __init__(self, service: LoopbackService) -> None:
        self.service = service
        self.closing = threading.Event()
        self._open: set[Any] = set()
        self._open_lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), Exchange)

    def serve(self) -> None:
        """Answer requests until `stop_serving`."""
        while not self.closing.is_set():
            self.handle_request()

    def stop_serving(self) -> None:
        """End `serve` at once: a connection wakes it."""
        self.closing.set()
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.server_address[1]), timeout=1).close()

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ANN401, ARG002  # as socketserver has it
        """Whether it is served."""
        return not self.closing.is_set()

    def close(self) -> None:
        """End every connection, wait for their threads, and stop listening."""
        with self._open_lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self.server_close()

    def get_request(self) -> tuple[Any, Any]:
        connection, address = super().get_request()
        with self._open_lock:
            self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401  # as socketserver has it
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401  # as socketserver has it
        """A client that goes away is no error of the service."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class Exchange(BaseHTTPRequestHandler):
    """A request and the way back to its client."""

    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = "pedigreed-demo"
    disable_nagle_algorithm = True
    _is_answered = False

    @property
    def closing(self) -> threading.Event:
        """Set when the service ends, for a reply that waits."""
        return self.server.closing

    def do_GET(self) -> None:
        self._serve("")

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        self._serve(self.rfile.read(length).decode())

    def log_message(self, *_args: object) -> None:
        """Quiet: the service keeps the requests."""

    def head(self, reply: Reply) -> bytes:
        """The reply's status line and headers, up to the body."""
        has_body = reply.status not in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}
        lines = [
            f"{self.protocol_version} {reply.status} {self.responses.get(reply.status, ('',))[0]}",
            f"Server: {self.version_string()}",
            *([] if any(name == "Date" for name, _ in reply.headers) else [f"Date: {self.date_time_string()}"]),
            *([f"Content-Type: {reply.content_type}", f"Content-Length: {len(reply.body)}"] if has_body else []),
            *(f"{name}: {value}" for name, value in reply.headers),
        ]
        return "\r\n".join((*lines, "", "")).encode()

    def answered(self) -> None:
        """The request is answered, or about to be. To say so again does nothing."""
        if not self._is_answered:
            self._is_answered = True
            self.server.service.answered()

    def _serve(self, body: str) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        received = self.server.service.receive(self.command, self.path, body, headers)
        self._is_answered = False
        try:
            self.server.service.reply_to(received).send(self)
        finally:
            self.answered()
