"""A server of rule files, well behaved until a test says otherwise."""

from __future__ import annotations

import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class RuleServer:
    """Serves texts by name, and notes who asked for what, and when.

    Attributes:
        texts: name -> what is served. What is not here is answered with 404 and a page.
        statuses: name -> an HTTP status to answer with, once for each in the list.
        cut: names of which only half is served, though the whole is promised.
        asked: the paths that were asked for, with the time on the monotonic clock.
    """

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.statuses: dict[str, list[int]] = {}
        self.cut: set[str] = set()
        self.asked: list[tuple[str, float]] = []
        self.url = ""

    @property
    def names(self) -> list[str]:
        return [path.rpartition("/")[2] for path, _ in self.asked]


@contextmanager
def rule_server() -> Iterator[RuleServer]:
    served = RuleServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked.append((self.path, time.monotonic()))
            name = self.path.removeprefix("/unchecked_get/mappings/jwst/")
            status = served.statuses[name].pop(0) if served.statuses.get(name) else 200
            text = served.texts.get(name)
            if text is None or status != 200:
                status, text = (404 if text is None else status), "<html>Not here</html>"
            content = text.encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2] if name in served.cut else content)

        def log_message(self, *_args: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
