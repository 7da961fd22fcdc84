"""A real mail server on loopback that takes mails, and refuses what it is told to refuse."""

from __future__ import annotations

import asyncio
import email
import email.policy
import socket
import warnings
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiosmtpd import smtp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from email.message import EmailMessage

USERNAME, PASSWORD = "bot", "swordfish swordfish"
DIES = "the connection dies"


@dataclass(frozen=True)
class Mail:
    """One mail as it came."""

    recipient: str
    content: bytes

    @property
    def read(self) -> EmailMessage:
        return email.message_from_bytes(self.content, policy=email.policy.default.clone(raise_on_defect=True))

    @property
    def message_id(self) -> str:
        return str(self.read["Message-ID"]).strip("<>")


@dataclass
class MailServer:
    """What it took, and what it says.

    Attributes:
        port: where it listens.
        mails: what it took, and what it may have taken: all that was handed over whole.
        refused: address -> what is answered at RCPT.
        answers: to whole mails, in turn, where `DIES` ends the connection; afterwards each is taken.
        password: that it wants; None for no login.
        is_held: while it is, no whole mail is answered.
    """

    port: int = 0
    mails: list[Mail] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    answers: list[str] = field(default_factory=list)
    password: str | None = None
    logins: int = 0
    is_held: bool = False

    def to(self, recipient: str) -> list[Mail]:
        return [mail for mail in self.mails if mail.recipient == recipient]

    def authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> Any:  # noqa: ANN401  # as aiosmtpd calls it
        self.logins += 1
        good = (data.login, data.password) == (USERNAME.encode(), (self.password or "").encode())
        return smtp.AuthResult(success=good, handled=False)

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: ANN401, N802  # as above
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: ANN401, N802  # as above
        (recipient,) = envelope.rcpt_tos
        self.mails.append(Mail(recipient, envelope.content))
        while self.is_held:  # noqa: ASYNC110  # a test says so from another thread
            await asyncio.sleep(0.005)
        answer = self.answers.pop(0) if self.answers else "250 taken"
        if answer == DIES:
            server.transport.abort()
        return answer


@asynccontextmanager
async def mail_server(at: socket.socket | None = None, password: str | None = None) -> AsyncIterator[MailServer]:
    """A server for the time of a test. When it ends, nobody is connected any more.

    Args:
        at: a socket that is bound; None for any port.
        password: that it wants; None for no login.
    """
    took = MailServer(password=password)
    conversations: list[smtp.SMTP] = []

    def conversation() -> smtp.SMTP:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Requiring AUTH while not requiring TLS", UserWarning)
            begun = smtp.SMTP(
                took,
                hostname="mail.example",
                authenticator=took.authenticate,
                auth_required=password is not None,
                auth_require_tls=False,
            )
        conversations.append(begun)
        return begun

    loop = asyncio.get_running_loop()
    if at is None:
        server = await loop.create_server(conversation, "127.0.0.1", 0)
    else:
        server = await loop.create_server(conversation, sock=at)
    took.port = server.sockets[0].getsockname()[1]
    async with server:
        try:
            yield took
        finally:
            await _end(conversations)


async def _end(conversations: list[smtp.SMTP]) -> None:
    for conversation in conversations:
        if isinstance(conversation.transport, asyncio.WriteTransport):
            conversation.transport.abort()
    handlers = (conversation._handler_coroutine for conversation in conversations)
    await asyncio.gather(*(handler for handler in handlers if handler is not None), return_exceptions=True)


def silent_socket() -> socket.socket:
    """A port of loopback that is taken and refuses every connection, until a server is given it."""
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", 0))
    return bound
