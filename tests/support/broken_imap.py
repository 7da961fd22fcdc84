"""An IMAP server on loopback that says what a test wants, sense or not."""

from __future__ import annotations

import base64
import socket
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator

MAIL = b"Subject: fine\r\nMessage-ID: <%b@x.example>\r\n\r\nAbout jwst_1535.pmap\r\n"
SILENCE = None
"""An answer that never comes."""

END = b""
"""The connection ends instead of an answer."""


@dataclass
class BrokenImap:
    """A folder with some mails.

    Attributes:
        uids: of the mails.
        answers: what is said to a command instead of sense, by how the command begins: `UID FETCH 2`. In it,
            `<tag>` stands for the command's tag.
        heard: the commands.
        secrets: what was said within AUTHENTICATE, in base64.
        refusal: why a token is refused, as a challenge; empty where every login is taken.
        pause: after each byte that is said, in seconds.
    """

    uids: tuple[int, ...] = (1, 2, 3)
    answers: dict[str, bytes | None] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    refusal: bytes = b""
    port: int = 0
    pause: float = 0

    def serve(self, connection: socket.socket) -> None:
        """Talk until the other side ends it."""
        with connection, suppress(OSError), connection.makefile("rb") as said:
            if not self._say(connection, self._answer("GREETING", b"", b"* OK ready\r\n")):
                return
            for line in said:
                tag, _, command = line.strip().partition(b" ")
                self.heard.append(command.decode("latin-1"))
                if command.startswith(b"AUTHENTICATE") and not self._log_in(connection, said):
                    connection.sendall(tag + b" NO AUTHENTICATE failed\r\n")
                    continue
                answer = self._answer(command.decode("latin-1"), tag, self._sense(command))
                if not self._say(connection, answer):
                    return
                if command.startswith(b"LOGOUT"):
                    return

    def _log_in(self, connection: socket.socket, said: BinaryIO) -> bool:
        connection.sendall(b"+ \r\n")
        self.secrets.append(said.readline().decode().strip())
        if self.refusal:
            connection.sendall(b"+ " + base64.b64encode(self.refusal) + b"\r\n")
            said.readline()
        return not self.refusal

    def _say(self, connection: socket.socket, answer: bytes | None) -> bool:
        if answer == END:
            return False
        if answer is not None:
            if not self.pause:
                connection.sendall(answer)
            for byte in answer if self.pause else b"":
                connection.sendall(bytes([byte]))
                time.sleep(self.pause)
        return True

    def _answer(self, command: str, tag: bytes, sense: bytes) -> bytes | None:
        for begins, answer in self.answers.items():
            if command.startswith(begins):
                return answer and answer.replace(b"<tag>", tag)
        return sense.replace(b"<tag>", tag)

    def _sense(self, command: bytes) -> bytes:
        words = command.split()
        number = words[2] if words[:2] == [b"UID", b"FETCH"] else b""
        mail = MAIL % number if number else b""
        answers = {
            b"CAPABILITY": b"* CAPABILITY IMAP4rev1\r\n",
            b"EXAMINE": b"* %d EXISTS\r\n* OK [UIDVALIDITY 7] it\r\n" % len(self.uids),
            b"UID SEARCH": b"* SEARCH %b\r\n" % b" ".join(b"%d" % uid for uid in self.uids),
            b"UID FETCH %b (RFC822" % number: b"* 1 FETCH (UID %b RFC822.SIZE 100)\r\n" % number,
            b"UID FETCH": b"* 1 FETCH (UID %b BODY[] {%d}\r\n%b)\r\n" % (number, len(mail), mail),
            b"LOGOUT": b"* BYE\r\n",
        }
        said = next((answer for begins, answer in answers.items() if command.startswith(begins)), b"")
        return said + b"<tag> OK done\r\n"


@contextmanager
def broken_imap(server: BrokenImap) -> Iterator[BrokenImap]:
    """Listen until the end, whatever is still being said."""
    connections: list[socket.socket] = []

    def accept(listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                connections.append(connection)
                threading.Thread(target=server.serve, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server.port = listener.getsockname()[1]
        accepting = threading.Thread(target=accept, args=(listener,), daemon=True)
        accepting.start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join(10)
            for connection in connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
                connection.close()
