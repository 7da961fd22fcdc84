"""An archive on loopback with 50,000 products of every program, served from two replies in memory."""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import msgspec

from benchmarks.replies import INSTRUMENT, PROGRAM, REMADE, ROWS
from bulk_rows import bulk_reply
from pedigreed.demo.columnsconfig import columns_of, columnsconfig
from pedigreed.demo.protocol import COUNTED, Answer, encode, paging_of
from pedigreed.demo.received import INVOKE_PATH, RequestKind, parse_received

if TYPE_CHECKING:
    from pedigreed.demo.filters import Row

FIRST, SECOND, ALL, NONE = "/first", "/second", "/all", "/none"
"""Before and after 1 % was reprocessed, or everything; and where nothing came since. Each is an archive of its own
under this path."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    replies: dict[str, bytes]

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        self._answer(self.rfile.read(length).decode())

    def do_GET(self) -> None:
        self._answer("")

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def _answer(self, form: str) -> None:
        root, slash, rest = self.path.removeprefix("/").partition("/")
        received = parse_received(self.command, slash + rest, form)
        if received.kind is RequestKind.COLUMNSCONFIG:
            body = msgspec.json.encode(columnsconfig(columns_of(INSTRUMENT)))
        else:
            assert received.path == INVOKE_PATH
            programs = received.params["filters"][0]["values"]
            if received.kind is RequestKind.COUNT:
                counted: Row = {COUNTED: ROWS * len(programs)}
                body = encode(Answer(((COUNTED, "int"),), [counted], paging_of(1, ROWS, 1, 1)))
            else:
                (program,) = programs
                body = _of_program(self.replies[f"/{root}"], int(program))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _of_program(reply: bytes, program: int) -> bytes:
    """The same products as if they were another program's."""
    renamed = reply.replace(b"jw%05d" % PROGRAM, b"jw%05d" % program)
    return renamed.replace(b'"program":%d,' % PROGRAM, b'"program":%d,' % program)


def main() -> None:
    """Print the address, and serve until the end of the input."""
    _Handler.replies = {
        FIRST: bulk_reply(PROGRAM, INSTRUMENT, ROWS),
        SECOND: bulk_reply(PROGRAM, INSTRUMENT, ROWS, remade=REMADE),
        ALL: bulk_reply(PROGRAM, INSTRUMENT, ROWS, remade=ROWS),
        NONE: bulk_reply(PROGRAM, INSTRUMENT, 0),
    }
    with HTTPServer(("127.0.0.1", 0), _Handler) as server:
        sys.stdout.write(f"http://127.0.0.1:{server.server_port}\n")
        sys.stdout.flush()
        server.serve_forever()


if __name__ == "__main__":
    main()
