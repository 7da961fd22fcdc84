"""A list server with public archives: a real HTTP server on loopback whose clock and conduct the caller sets.

with DemoListserv(list_posts(), now=DAY_1) as lists:
    lists.misbehave(LoginPage())
    ...  # a reader of lists.feed_url(NIRCAM_LIST)
    lists.now = DAY_2
"""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from pedigreed.demo.feed_faults import EndlessReply, SlowHeadReply
from pedigreed.demo.list_archive import PROGRAM, ListArchive, ListRequest
from pedigreed.demo.list_posts import list_posts
from pedigreed.demo.on_loopback import OnLoopback
from pedigreed.demo.reply import Delivery

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pedigreed.demo.fault import Fault
    from pedigreed.demo.list_posts import ListPost
    from pedigreed.demo.reply import Reply

_DRIP_PAUSE_S = 0.02
_SPACES = b" " * (1 << 16)
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_CLIENT_TAKES_WITHIN_S = 5


class DemoListserv(OnLoopback):
    """Mailing lists on loopback. Use it in a ``with`` statement; outside of it there is no `url`."""

    def __init__(self, posts: Sequence[ListPost] | None = None, *, now: datetime) -> None:
        """Serve the archives of the lists that have posts.

        Args:
            posts: of all lists; those of `list_posts` by default.
            now: the server's clock, UTC. A post is there from its date on.
        """
        self._archive = ListArchive(list_posts() if posts is None else posts, now)

    @property
    def now(self) -> datetime:
        """The server's clock, UTC. Set it to move the story on."""
        return self._archive.now

    @now.setter
    def now(self, now: datetime) -> None:
        self._archive.now = now

    @property
    def requests(self) -> list[ListRequest]:
        """Every request that came, in the order of coming. Clear it to forget them."""
        return self._archive.requests

    def feed_url(self, list_name: str, version: str = "2.0") -> str:
        """The address of a list's feed. `version` is 2.0 for RSS, or ATOM1.0."""
        return f"{self.url}{PROGRAM}?RSS&L={list_name}&v={version}"

    def post(self, *posts: ListPost) -> None:
        """Add posts."""
        self._archive.posts.extend(posts)

    def misbehave(self, fault: Fault, times: int | None = 1) -> None:
        """Let the next requests meet a fault.

        Args:
            fault: one of `feed_faults` or `http_faults`.
            times: how many requests meet it; None for all until `well_behaved`.
        """
        self._archive.misbehave(fault, times)

    def well_behaved(self) -> None:
        """Forget every fault."""
        self._archive.well_behaved()

    def _listen(self) -> _Server:
        return _Server(self._archive)


class _Server(ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self, archive: ListArchive) -> None:
        self.archive = archive
        self.closing = threading.Event()
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def close(self) -> None:
        """End what waits, and stop listening."""
        self.closing.set()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401  # as socketserver has it
        """A client that goes away is no error of the server."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = "pedigreed-demo"
    timeout = _CLIENT_TAKES_WITHIN_S

    def do_GET(self) -> None:
        self.close_connection = True
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.server.archive.reply_to(ListRequest(self.path, headers), f"{self.server.url}{PROGRAM}")
        head = self._head(reply)
        if reply.delivery is Delivery.HANG:
            self.server.closing.wait()
        elif isinstance(reply, SlowHeadReply):
            self._drip(head + reply.body)
        elif reply.delivery is Delivery.DRIP:
            self.wfile.write(head)
            self._drip(reply.body)
        elif reply.delivery is Delivery.RESET_BEFORE:
            self._reset()
        elif reply.delivery is Delivery.RESET_MID_BODY:
            self.wfile.write(head + reply.body[: len(reply.body) // 2])
            self._reset()
        else:
            self.wfile.write(head + reply.body)
            while isinstance(reply, EndlessReply) and not self.server.closing.is_set():
                self.wfile.write(_SPACES)

    def log_message(self, *_args: object) -> None:
        """Quiet: the archive keeps the requests."""

    def _head(self, reply: Reply) -> bytes:
        lines = [
            f"{self.protocol_version} {reply.status} {self.responses.get(reply.status, ('',))[0]}",
            f"Server: {self.version_string()}",
            f"Date: {self.date_time_string()}",
            f"Content-Type: {reply.content_type}",
            *(f"{name}: {value or self.path}" for name, value in reply.headers),
            "Connection: close",
        ]
        if not isinstance(reply, EndlessReply):
            lines.append(f"Content-Length: {len(reply.body)}")
        return "\r\n".join((*lines, "", "")).encode()

    def _drip(self, text: bytes) -> None:
        for start in range(len(text)):
            self.wfile.write(text[start : start + 1])
            if self.server.closing.wait(_DRIP_PAUSE_S):
                return

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.rfile.close()
        with contextlib.suppress(OSError):
            self.connection.close()
