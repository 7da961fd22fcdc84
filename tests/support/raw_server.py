"""A server on loopback that answers each connection with the bytes that a test says."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

HANG = b"hang"
"""Nothing more is sent, and the connection stays."""
RESET = b"reset"
DRIP = b"drip"
"""A byte from time to time, without end."""

_TLS_HANDSHAKE = b"\x16"
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass
class RawServer:
    """Each connection gets the pieces of one answer, the last answer again and again."""

    url: str
    answers: list[tuple[bytes, ...]]
    requests: list[bytes] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    def serve(self, connection: socket.socket) -> None:
        self.requests.append(_request(connection))
        for piece in self.answers[0] if len(self.answers) == 1 else self.answers.pop(0):
            if piece == HANG:
                self.closing.wait()
            elif piece == RESET:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            elif piece == DRIP:
                while not self.closing.wait(0.01):
                    connection.sendall(b"x")
            else:
                connection.sendall(piece)


def _request(connection: socket.socket) -> bytes:
    """The head, and as much body as it names."""
    came = b""
    while b"\r\n\r\n" not in came:
        if not (piece := connection.recv(65_536)):
            return came
        came += piece
        if came.startswith(_TLS_HANDSHAKE):
            return came
    head, _, body = came.partition(b"\r\n\r\n")
    lines = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    while len(body) < int(lines.get(b"content-length", b"0")):
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body


def _wrapped(accepted: socket.socket, tls: ssl.SSLContext | None) -> socket.socket:
    try:
        return tls.wrap_socket(accepted, server_side=True) if tls else accepted
    except OSError:
        accepted.close()
        raise


@contextmanager
def raw_server(
    *answers: tuple[bytes, ...], tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> Iterator[RawServer]:
    """Serves one connection at a time until the test leaves it."""
    with socket.create_server((host, 0)) as listening:
        scheme = "https" if tls else "http"
        server = RawServer(f"{scheme}://{host}:{listening.getsockname()[1]}", list(answers))

        def run() -> None:
            while True:
                try:
                    accepted, _ = listening.accept()
                except OSError:
                    return
                with suppress(OSError), _wrapped(accepted, tls) as connection:
                    server.serve(connection)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()
