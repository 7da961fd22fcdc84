"""The socket of the recorded archive: requests to the portal, replies to the client, as bad as they are."""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
import threading
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import TYPE_CHECKING, Any, Protocol

from pedigreed.demo.reply import Delivery

if TYPE_CHECKING:
    from pedigreed.demo.received import Received
    from pedigreed.demo.reply import Reply
    from pedigreed.demo.request_log import RequestLog

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_DRIP_PAUSE_S = 0.02


class Answering(Protocol):
    """What knows the reply to a request: `portal.Portal`, or CRDS."""

    def reply_to(self, received: Received) -> Reply:
        """The reply, spoiled by the faults that the request meets."""


class PortalServer(ThreadingTCPServer):
    """Listens on a free port of loopback. It knows its open connections, so that it can end those that wait."""

    daemon_threads = False
    request_queue_size = 64

    def __init__(self, portal: Answering, log: RequestLog) -> None:
        self.portal = portal
        self.log = log
        self.closing = threading.Event()
        self._open: set[Any] = set()
        self._open_lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def close(self) -> None:
        """End every connection, wait for their threads, and stop listening."""
        self.closing.set()
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
        """A client that goes away is no error of the archive."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: PortalServer
    protocol_version = "HTTP/1.1"
    server_version = "pedigreed-demo"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._serve("")

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        self._serve(self.rfile.read(length).decode())

    def log_message(self, *_args: object) -> None:
        """Quiet: the log keeps the requests."""

    def _serve(self, form: str) -> None:
        """Answer. The request counts as answered just before the client can know that it is."""
        log = self.server.log
        received = log.receive(self.command, self.path, form, self.headers.get("User-Agent", ""))
        try:
            reply = self.server.portal.reply_to(received)
            whole = self._head(reply) + reply.body
            if reply.delivery is Delivery.WHOLE:
                self.wfile.write(whole[:-1])
        finally:
            log.answered()
        if reply.delivery is Delivery.WHOLE:
            self.wfile.write(whole[-1:])
        else:
            self._fail(reply, whole)

    def _fail(self, reply: Reply, whole: bytes) -> None:
        self.close_connection = True
        if reply.delivery is Delivery.HANG:
            self.server.closing.wait()
        elif reply.delivery is Delivery.DRIP:
            self.wfile.write(whole[: len(whole) - len(reply.body)])
            self._drip(reply.body)
        else:
            if reply.delivery is Delivery.RESET_MID_BODY:
                self.wfile.write(whole[: len(whole) - len(reply.body) // 2])
            self._reset()

    def _head(self, reply: Reply) -> bytes:
        lines = [
            f"{self.protocol_version} {reply.status} {self.responses.get(reply.status, ('',))[0]}",
            f"Server: {self.version_string()}",
            f"Content-Type: {reply.content_type}",
            f"Content-Length: {len(reply.body)}",
            *(f"{name}: {value}" for name, value in reply.headers),
        ]
        return "\r\n".join((*lines, "", "")).encode()

    def _drip(self, body: bytes) -> None:
        for start in range(len(body)):
            self.wfile.write(body[start : start + 1])
            if self.server.closing.wait(_DRIP_PAUSE_S):
                return

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.rfile.close()
        self.connection.close()
