"""A web server on loopback that takes posts and answers as a script says, over a real socket."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Iterable

DROP = b"drop"
"""Close without an answer."""
RESET = b"reset"
HANG = b"hang"
DRIP = b"drip:"
"""What follows is sent at once, and then a byte at a time without end."""
STALL = b"stall:"
"""What follows is sent, and then nothing."""
RESET_AT_HEADERS = b"reset at headers"
"""Reset the connection before the body is read."""

PATH = "/services/T0001/B0002/hunter2hunter2"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nok"


def answer(status: int, body: bytes | str = b"", **headers: str) -> bytes:
    """An answer on the wire. Underscores in the names of headers are hyphens."""
    content = body if isinstance(body, bytes) else body.encode()
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(content)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + content


@dataclass(frozen=True)
class Post:
    """One request as it came."""

    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class HookServer:
    """Gives one answer after the other, the last one again and again."""

    answers: list[bytes]
    scheme: str = "http"
    port: int = 0
    posts: list[Post] = field(default_factory=list)
    handed_over: asyncio.Event = field(default_factory=asyncio.Event)
    talks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}{PATH}"

    @property
    def bodies(self) -> list[bytes]:
        return [post.body for post in self.posts]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.talks.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._converse(reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii")
        said = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
        if said == RESET_AT_HEADERS:
            writer.transport.abort()
            return
        request, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        body = await reader.readexactly(int(headers["content-length"]))
        assert request.startswith("POST ")
        self.posts.append(Post(request.split()[1], headers, body))
        self.handed_over.set()
        await self._say(said, reader, writer)

    async def _say(self, said: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if said == RESET:
            writer.transport.abort()
        elif said == HANG:
            await reader.read()
        elif said.startswith(STALL):
            writer.write(said.removeprefix(STALL))
            await reader.read()
        elif said.startswith(DRIP):
            writer.write(said.removeprefix(DRIP))
            while not writer.is_closing():
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.005)
        elif said != DROP:
            writer.write(said)
            await writer.drain()


@asynccontextmanager
async def hook_server(*answers: bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[HookServer]:
    """A server for the time of a test. When it ends, nobody is connected any more."""
    hooks = HookServer(list(answers) or [OK], "https" if tls else "http")
    server = await asyncio.start_server(hooks.serve, "127.0.0.1", 0, ssl=tls)
    hooks.port = server.sockets[0].getsockname()[1]
    async with server:
        yield hooks
        async with asyncio.timeout(20):
            await asyncio.gather(*hooks.talks)


@dataclass
class Clock:
    """Time that passes only while somebody sleeps."""

    now: float = 1000.0
    sleeps: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        wake = self.now + seconds
        await asyncio.sleep(0)
        self.now = max(self.now, wake)


def texts(values: Iterable[object]) -> str:
    """Everything that is said of some values."""
    return "\n".join(f"{value!r} {value}" for value in values)
