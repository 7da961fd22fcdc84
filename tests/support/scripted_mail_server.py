"""A mail server on loopback that follows a script, over a real socket."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

DROP = b"drop"
"""Close without an answer."""
RESET = b"reset"
HANG = b"hang"
HALF = b"250-half an ans"
USUAL = {
    "CONNECT": b"220 mail.example\r\n",
    "EHLO": b"250-mail.example\r\n250 SIZE 1000000\r\n",
    "HELO": b"250 mail.example\r\n",
    "MAIL": b"250 ok\r\n",
    "RCPT": b"250 ok\r\n",
    "DATA": b"354 go on\r\n",
    "BODY": b"250 kept as 77\r\n",
    "RSET": b"250 ok\r\n",
    "QUIT": b"221 bye\r\n",
}


@dataclass
class ScriptedMailServer:
    """Answers each step as the script says, and remembers what it was told.

    Attributes:
        script: an answer for each step, such as ``MAIL``; for that of one message alone, ``1.2 MAIL`` is the first
            session's second message.
        heard: every line of every session.
        bodies: every content that came to its end.
        sessions: how many there were.
    """

    script: dict[str, bytes]
    port: int = 0
    heard: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    sessions: int = 0
    handed_over: asyncio.Event = field(default_factory=asyncio.Event)
    hanging: asyncio.Event = field(default_factory=asyncio.Event)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    talks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def commands(self) -> list[str]:
        """The first word of each line."""
        return [line.partition(" ")[0].upper() for line in self.heard]

    async def end_sessions(self) -> None:
        """End every session at once, as a server does that has waited too long."""
        for writer in self.writers:
            writer.transport.abort()
        await asyncio.gather(*self.talks)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.talks.add(task)
        self.writers.append(writer)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._converse(reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.sessions += 1
        session, message, step = self.sessions, 0, "CONNECT"
        while (said := await self._answer(step, f"{session}.{message}", reader, writer)) and step != "QUIT":
            if step == "DATA" and said.startswith(b"354"):
                self.bodies.append(await reader.readuntil(b"\r\n.\r\n"))
                self.handed_over.set()
                step = "BODY"
                continue
            line = (await reader.readuntil(b"\r\n")).decode()
            self.heard.append(line.strip())
            step = line[:4].strip().upper()
            message += step == "MAIL"

    async def _answer(
        self, step: str, where: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bytes:
        """Say what the script has for this step. Gives it, or nothing where that ends the session."""
        usual = self.script.get(step, USUAL.get(step, b"500 what\r\n"))
        said = self.script.get(f"{where} {step}", usual)
        if said == HANG:
            self.hanging.set()
            await reader.read()
            return b""
        if said == RESET:
            writer.transport.abort()
            return b""
        if said == DROP:
            return b""
        writer.write(said)
        await writer.drain()
        return said


@asynccontextmanager
async def scripted_mail_server(script: dict[str, bytes] | None = None) -> AsyncIterator[ScriptedMailServer]:
    """A server for the time of a test. When it ends, nobody is connected any more."""
    scripted = ScriptedMailServer(script or {})
    server = await asyncio.start_server(scripted.serve, "127.0.0.1", 0)
    scripted.port = server.sockets[0].getsockname()[1]
    try:
        yield scripted
        async with asyncio.timeout(20):
            await asyncio.gather(*scripted.talks)
    finally:
        # A test may leave a session open on purpose, for which newer Pythons would wait.
        server.close()
