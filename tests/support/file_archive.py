"""An archive's downloads on loopback, which misbehave when a test says so."""

from __future__ import annotations

import hashlib
import re
import threading
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from pedigreed.demo.archive import DemoArchive
from pedigreed.demo.loopback import NOT_FOUND, LoopbackService, Reply
from pedigreed.demo.scenario import DAY_2, archive_at
from pedigreed.fetching.wanted_file import WantedFile

if TYPE_CHECKING:
    from collections.abc import Callable

    from pedigreed.demo.filters import Row
    from pedigreed.demo.loopback import Exchange
    from pedigreed.demo.received import Received

_RANGE = re.compile(r"bytes=(\d+)-")
FITS = "application/fits"


def content(name: str, version: int = 1, size: int = 300_000) -> bytes:
    """A file that begins as FITS does, all different, the same at every call."""
    seed = hashlib.sha256(f"{name} {version}".encode()).digest()
    return (b"SIMPLE  =                    T".ljust(80) + seed * (size // len(seed) + 1))[:size]


def wanted(name: str, there: bytes) -> WantedFile:
    """As the archive lists a file with this content."""
    return WantedFile(name, int(name[2:7]), len(there), hashlib.md5(there).hexdigest())


@dataclass(frozen=True, slots=True)
class BreaksOff(Reply):
    """The connection ends after so many bytes of the body."""

    after: int = 0

    def send(self, exchange: Exchange) -> None:
        exchange.wfile.write(exchange.head(self) + self.body[: self.after])
        exchange.answered()
        exchange.close_connection = True


@dataclass(frozen=True, slots=True)
class FallsSilent(BreaksOff):
    """No more comes after so many bytes, and the connection stays. `silent` is set then."""

    silent: threading.Event = field(default_factory=threading.Event)

    def send(self, exchange: Exchange) -> None:
        exchange.wfile.write(exchange.head(self) + self.body[: self.after])
        self.silent.set()
        exchange.closing.wait(60)
        exchange.close_connection = True


@dataclass(frozen=True, slots=True)
class AnswersTogether(Reply):
    """No such reply is sent before as many requests came as the barrier is for."""

    barrier: threading.Barrier = field(default_factory=lambda: threading.Barrier(1))

    def send(self, exchange: Exchange) -> None:
        self.barrier.wait(60)
        Reply.send(self, exchange)


class FileArchive(LoopbackService):
    """Gives files by name, whole or from a byte on.

    Attributes:
        files: what it has, by name.
        odd: replies that the next requests get in place of the files; None for the file.
        before_reply: is called before each reply.
    """

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__()
        self.files = files
        self.odd: list[Reply | None] = []
        self.before_reply: Callable[[], None] | None = None
        self._turn = threading.Lock()

    @property
    def asked(self) -> list[tuple[str, str]]:
        """The name and the range of each request."""
        return [(_name(request), request.headers.get("range", "")) for request in self.requests]

    def reply_to(self, received: Received) -> Reply:
        with self._turn:
            if self.before_reply is not None:
                self.before_reply()
            odd = self.odd.pop(0) if self.odd else None
        if odd is not None:
            return odd
        there = self.files.get(_name(received))
        if there is None:
            return NOT_FOUND
        asked = _RANGE.fullmatch(received.headers.get("range", ""))
        return part(there, int(asked[1])) if asked else Reply(there, content_type=FITS)


class ListedArchive(DemoArchive):
    """An archive that lists files of a program and gives them.

    Attributes:
        downloads: how it gives them; `files` is what it has.
    """

    def __init__(self, program: int, count: int) -> None:
        super().__init__(lambda _: self._rows, DAY_2)
        calibrated = (
            row for row in archive_at(DAY_2) if row["program"] == program and row["productLevel"] == "2b"
        )
        rows = {str(row["filename"]): row for row in islice(calibrated, count)}
        self.downloads = FileArchive({name: content(name) for name in rows})
        self._rows: list[Row] = []
        self._listed = rows
        self.list_all()

    def list_all(self) -> None:
        """List what there is now."""
        self._rows = [
            {**row, "fileSize": len(there), "checksum": hashlib.md5(there).hexdigest()}
            for name, row in self._listed.items()
            if (there := self.downloads.files.get(name)) is not None
        ]

    def reply_to(self, received: Received) -> Reply:
        if urlsplit(received.target).path.endswith("/retrieve_product"):
            self.downloads.requests.append(received)
            return self.downloads.reply_to(received)
        return super().reply_to(received)


def part(there: bytes, first: int, said: str = "") -> Reply:
    """From a byte on, and what it says of that."""
    place = said or f"bytes {first}-{len(there) - 1}/{len(there)}"
    return Reply(there[first:], 206, FITS, (("Content-Range", place),))


def _name(received: Received) -> str:
    address = urlsplit(received.target)
    return parse_qs(address.query).get("product_name", [address.path.rpartition("/")[2]])[0]
