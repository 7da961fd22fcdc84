"""A name server, for programs that are to look names up in earnest."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ADDRESS = "127.0.0.153"
"""Of loopback, and nobody else's: /etc/resolv.conf has no place for another port."""

_HEADER = struct.Struct("!6H")
_RECORD = struct.Struct("!3HIH")
_IS_ANSWER = 0x8180
_A, _INTERNET, _FOR_SECONDS = 1, 1, 1
_POINTER_TO_THE_QUESTION = 0xC00C


@dataclass
class NameServer:
    """Says of every name that it is 127.0.0.1.

    Attributes:
        asked: the names that were looked up.
    """

    asked: set[str] = field(default_factory=set)

    def serve(self, listening: socket.socket) -> None:
        while True:
            question, client = listening.recvfrom(512)
            if not question:
                return
            listening.sendto(self._answer(question), client)

    def _answer(self, question: bytes) -> bytes:
        number = _HEADER.unpack_from(question)[0]
        labels, at = [], _HEADER.size
        while length := question[at]:
            labels.append(question[at + 1 : at + 1 + length].decode("ascii"))
            at += 1 + length
        self.asked.add(".".join(labels))
        (kind,) = struct.unpack_from("!H", question, at + 1)
        asked = question[_HEADER.size : at + 5]
        # There is no address of version 6, which is an answer too.
        found = b""
        if kind == _A:
            address = socket.inet_aton("127.0.0.1")
            found = (
                struct.pack("!3HIH", _POINTER_TO_THE_QUESTION, _A, _INTERNET, _FOR_SECONDS, len(address)) + address
            )
        return _HEADER.pack(number, _IS_ANSWER, 1, 1 if found else 0, 0, 0) + asked + found


@contextmanager
def name_server() -> Iterator[NameServer]:
    """Answer on `ADDRESS`."""
    server = NameServer()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind((ADDRESS, 53))
        thread = threading.Thread(target=server.serve, args=(listening,))
        thread.start()
        try:
            yield server
        finally:
            listening.sendto(b"", (ADDRESS, 53))
            thread.join()
