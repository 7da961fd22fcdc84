"""Mail by SMTP: one connection and one recipient a message.

Each command is sent on its own, not through the library's `sendmail`: that one hides an answer when the
connection dies after it, and does not tell whether the message had been handed over when it died.
"""

from __future__ import annotations

import re
import socket
from asyncio import WriteTransport
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from aiosmtplib import SMTP, SMTPAuthenticationError, SMTPException, SMTPHeloError, SMTPResponseException

from pedigreed.config.address import parse_address
from pedigreed.config.channels import Security
from pedigreed.delivery.line import one_line
from pedigreed.delivery.smtp_answer import (
    after_handover,
    before_handover,
    is_permanent,
    larger_than_taken,
    without_password,
)
from pedigreed.delivery.tls import is_tls_refusal
from pedigreed.model.failure import PedigreedError
from pedigreed.model.outcome import Outcome, Refused, Retry, Scope, Sent, Unsure

if TYPE_CHECKING:
    import ssl
    from asyncio import BaseTransport
    from collections.abc import Callable

    from pedigreed.model.message import Message

_GO_AHEAD = 354
_GOODBYE_SECONDS = 5.0
_LINE_END = re.compile(rb"\r\n|\r|\n")
_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)
_FULL_NAME = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")


class SmtpChannel:
    """Hands messages to one mail server.

    With ``starttls`` and ``tls`` nothing but the greeting is ever said in the clear, and the server's certificate
    is verified. What fails before the message was handed over is retried, whatever the server says of the
    connection or the login: that is no word on the message. It may be one on the channel.

    Attributes:
        host, port, security: of the server.
        timeout: seconds that one answer may take.
        final_timeout: seconds that the answer to the whole message may take. Giving up too early sends it
            twice, so RFC 5321 (4.5.3.2.6) asks for ten minutes.
    """

    def __init__(
        self,
        host: str,
        port: int,
        security: Security,
        *,
        username: str | None = None,
        password: Callable[[], str] | None = None,
        timeout: float = 60.0,
        final_timeout: float = 600.0,
        tls_context: ssl.SSLContext | None = None,
    ) -> None:
        """Describe the server.

        Args:
            host: its name, which its certificate has to carry.
            port: its port.
            security: ``starttls`` and ``tls`` never fall back to ``plain``.
            username: for the login; None sends without one.
            password: called for each login, so that it is kept nowhere else.
            timeout: see the attributes.
            final_timeout: see the attributes.
            tls_context: whom to trust; None for the system's authorities.
        """
        self.host = host
        self.port = port
        self.security = security
        self.timeout = timeout
        self.final_timeout = final_timeout
        self._username = username
        self._password = password
        self._tls_context = tls_context

    async def send(self, message: Message) -> Outcome:
        password = ""
        try:
            if self._username and self._password:
                password = self._password()
            client = await self._connected(password)
        except SMTPAuthenticationError as error:
            outcome: Outcome = Retry(
                f"the login was refused: {error.code} {error.message}",
                scope=Scope.CHANNEL_BROKEN if is_permanent(error.code) else Scope.CHANNEL_BUSY,
            )
        except (SMTPException, OSError, ValueError, PedigreedError) as error:
            outcome = Retry(
                f"no session: {_words(error)}", scope=Scope.CHANNEL_BROKEN if _stays(error) else Scope.CHANNEL_BUSY
            )
        else:
            outcome = await self._transact(client, message)
        return self._presentable(outcome, password)

    async def close(self) -> None:
        """Nothing is held between messages."""

    async def _connected(self, password: str) -> SMTP:
        """A session that is ready for a message: encrypted if it has to be, logged in, greeted."""
        client = SMTP(
            hostname=self.host,
            port=self.port,
            username=self._username or None,
            password=password or None,
            use_tls=self.security is Security.TLS,
            start_tls=self.security is Security.STARTTLS,
            tls_context=self._tls_context,
            timeout=self.timeout,
            local_hostname=_own_name(),
        )
        await client.connect()
        transport = client.transport
        try:
            if client.is_ehlo_or_helo_needed:
                await _greet(client)
        except BaseException:
            _drop(client, transport)
            raise
        return client

    async def _transact(self, client: SMTP, message: Message) -> Outcome:
        transport = client.transport
        try:
            content = _with_line_ends(message.content)
            outcome: Outcome | None = larger_than_taken(len(content), client.esmtp_extensions.get("size", ""))
            outcome = outcome or await self._hand_over(client, message, content)
            if client.is_connected:
                with suppress(SMTPException, OSError):
                    await client.quit(timeout=min(self.timeout, _GOODBYE_SECONDS))
            return outcome
        finally:
            _drop(client, transport)

    async def _hand_over(self, client: SMTP, message: Message, content: bytes) -> Outcome:
        size = [f"SIZE={len(content)}"] if client.supports_extension("size") else []
        command = "MAIL"
        try:
            await client.mail(parse_address(message.sender), options=size)
            command = "RCPT"
            await client.rcpt(parse_address(message.recipient))
            command = "DATA"
            go_ahead = await client.execute_command(b"DATA")
        except SMTPResponseException as answer:
            return before_handover(command, answer.code, answer.message)
        except ValueError:
            return Refused(f"{command}: the address is none that SMTP can say")
        except (SMTPException, OSError) as error:
            # At MAIL the server has heard nothing yet of who gets the message: the session is at fault.
            scope = Scope.CHANNEL_BUSY if command == "MAIL" else Scope.MESSAGE
            return Retry(f"{command}: {_words(error)}", scope=scope)
        if go_ahead.code != _GO_AHEAD or client.protocol is None:
            return before_handover(command, go_ahead.code, go_ahead.message)
        try:
            client.protocol.write(_LEADING_DOT.sub(b"..", content) + b".\r\n")
            answer_to_all = await client.protocol.read_response(timeout=self.final_timeout)
        except (SMTPException, OSError) as error:
            client.close()
            return Unsure(f"no answer to the message: {_words(error)}")
        return after_handover(answer_to_all.code, answer_to_all.message)

    def _presentable(self, outcome: Outcome, password: str) -> Outcome:
        """The outcome on one line, with the server's name, and without the password if it was echoed."""

        def line(said: str) -> str:
            return one_line(without_password(said, self._username or "", password))

        server = f"{self.host}:{self.port} ({self.security})"
        match outcome:
            case Sent(receipt):
                return Sent(line(receipt))
            case Retry(reason):
                return replace(outcome, reason=line(f"{server}: {reason}"))
            case Refused(reason):
                return replace(outcome, reason=line(f"{server}: {reason}"))
            case Unsure(reason):
                return Unsure(line(f"{server}: {reason}"))


def _with_line_ends(content: bytes) -> bytes:
    content = _LINE_END.sub(b"\r\n", content)
    return content if content.endswith(b"\r\n") else content + b"\r\n"


async def _greet(client: SMTP) -> None:
    try:
        await client.ehlo()
    except SMTPHeloError:
        await client.helo()


def _drop(client: SMTP, transport: BaseTransport | None) -> None:
    """End the connection now: a closing handshake with a server that hangs would outlive the channel."""
    client.close()
    if isinstance(transport, WriteTransport):
        transport.abort()


def _own_name() -> str:
    """How to greet a server: this machine's full name if it has one, else an address (RFC 5321, 4.1.3).

    The name is not looked up, since a resolver that hangs would hold the message.
    """
    name = socket.gethostname()
    return name if _FULL_NAME.fullmatch(name) else "[127.0.0.1]"


def _stays(error: Exception) -> bool:
    """Whether no session can be had until someone mends the server or the configuration."""
    if isinstance(error, SMTPResponseException):
        return is_permanent(error.code)
    # The library raises its base class where the server lacks what was asked for: STARTTLS, or a way to log in.
    lacks = type(error) is SMTPException
    return lacks or isinstance(error, ValueError | PedigreedError) or is_tls_refusal(error)


def _words(error: Exception) -> str:
    if isinstance(error, SMTPResponseException):
        return f"{error.code} {error.message}"
    return str(error) or type(error).__name__
