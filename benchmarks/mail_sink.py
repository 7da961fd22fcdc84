"""A mail server that takes everything and keeps nothing, as light as Python allows.

Run as a program, with the seconds that it takes for a message, it prints its port and serves until its standard
input ends. With a file it writes a line into it for each message that it took: recipient and Message-ID.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import BinaryIO

_ANSWERS = {
    b"EHLO": b"250-sink\r\n250 SIZE 100000000\r\n",
    b"MAIL": b"250 OK\r\n",
    b"RCPT": b"250 OK\r\n",
    b"DATA": b"354 go ahead\r\n",
    b"RSET": b"250 OK\r\n",
    b"QUIT": b"221 bye\r\n",
}


class Sink(asyncio.Protocol):
    """One session."""

    def __init__(self, seconds: float, record: BinaryIO | None) -> None:
        self._seconds = seconds
        self._record = record
        self._recipient = b""
        self._read = b""
        self._is_message = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        self._read += data
        while True:
            end = b"\r\n.\r\n" if self._is_message else b"\r\n"
            said, found, rest = self._read.partition(end)
            if not found:
                return
            self._read = rest
            if self._is_message:
                self._is_message = False
                if self._record is not None:
                    message_id = said.partition(b"\nMessage-ID: ")[2].split(maxsplit=1)[0]
                    self._record.write(self._recipient + b" " + message_id + b"\n")
                self._take()
                continue
            command = said[:4].upper()
            self._is_message = command == b"DATA"
            if command == b"RCPT":
                self._recipient = said.partition(b"<")[2].partition(b">")[0]
            self._transport.write(_ANSWERS.get(command, b"500 what\r\n"))
            if command == b"QUIT":
                self._transport.close()

    def _take(self) -> None:
        if self._seconds:
            asyncio.get_running_loop().call_later(self._seconds, self._transport.write, b"250 taken\r\n")
        else:
            self._transport.write(b"250 taken\r\n")


async def main(seconds: float, record: BinaryIO | None) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Sink(seconds, record), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    with ExitStack() as stack:
        file = stack.enter_context(Path(sys.argv[2]).open("ab", buffering=0)) if sys.argv[2:] else None
        asyncio.run(main(float(sys.argv[1]), file))
