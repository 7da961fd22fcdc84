"""A mail server on loopback that takes mails, and refuses recipients as a test says, over a real socket."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiosmtpd import smtp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@dataclass
class MailServer:
    """Takes mails for everybody but those whose address has an answer of its own."""

    port: int = 0
    answers: dict[str, str] = field(default_factory=lambda: {"nobody@x.example": "550 no such user"})
    mails: list[tuple[list[str], bytes]] = field(default_factory=list)

    def to(self, address: str) -> list[bytes]:
        """The mails that came for an address."""
        return [content for recipients, content in self.mails if address in recipients]

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: ANN401, N802  # as aiosmtpd calls it
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: ANN401, N802  # as above
        self.mails.append((envelope.rcpt_tos, envelope.content))
        return "250 taken"


@asynccontextmanager
async def mail_server() -> AsyncIterator[MailServer]:
    took = MailServer()
    server = await asyncio.get_running_loop().create_server(lambda: smtp.SMTP(took), "127.0.0.1", 0)
    took.port = server.sockets[0].getsockname()[1]
    async with server:
        yield took
