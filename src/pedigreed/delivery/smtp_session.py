"""One session with a mail server, which takes one message after the other.

Each command is sent on its own, not through the library's `sendmail`: that one hides an answer when the
connection dies after it, and does not tell whether the message had been handed over when it died.
"""

from __future__ import annotations

import asyncio
import re
import socket
from asyncio import WriteTransport
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiosmtplib import SMTPDataError, SMTPException, SMTPHeloError, SMTPResponseException, SMTPServerDisconnected

from pedigreed.config.address import parse_address
from pedigreed.delivery.smtp_answers import (
    after_handover,
    before_handover,
    in_words,
    is_refusal,
    larger_than_taken,
)
from pedigreed.model.delivery import Outcome, Refused, Retry, Scope, Unsure
from pedigreed.redaction import redact, said_at_login

if TYPE_CHECKING:
    from aiosmtplib import SMTP

    from pedigreed.model.delivery import Message

_GO_AHEAD = 354
_SHORT_SECONDS = 5.0
"""For what is only polite."""

_LINE_END = re.compile(rb"\r\n|\r|\n")
_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)
_FULL_NAME = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")


@dataclass(frozen=True, slots=True)
class Login:
    """Who to log in as, and by what. It lives no longer than the session that it is read for.

    Attributes:
        username: empty for a session without a login.
        password: empty where there is none.
        token: an access token, which is said by XOAUTH2; empty where there is none.
    """

    username: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)

    async def log_in(self, client: SMTP) -> None:
        """Log in, if there is a login. Raises what the library raises."""
        if self.password:
            await client.login(self.username, self.password)
        elif self.token:
            if "xoauth2" not in client.server_auth_methods:
                raise SMTPException("the server takes no access token (XOAUTH2)")
            await client.auth_xoauth2(self.username, self.token)

    def redacted(self, text: str) -> str:
        """What the server says without the secret that it was told."""
        return redact(text, *said_at_login(self.username, self.password or self.token))


@dataclass(frozen=True, slots=True)
class Attempt:
    """What became of one message in one session.

    Attributes:
        outcome: as far as this session goes.
        is_for_a_fresh_session: whether the session may be at fault, while nothing of the message was written: a
            fresh session may take it, and it can't arrive twice.
    """

    outcome: Outcome
    is_for_a_fresh_session: bool = False


class SmtpSession:
    """A connection that is encrypted if it has to be, and logged in. It takes one message at a time.

    Attributes:
        login: what it was logged in with, to be struck out of all that the server says.
        begun: how many messages were tried in it.
        idle_since: when it was last put aside, in seconds of a clock that only grows.
    """

    def __init__(self, client: SMTP, login: Login) -> None:
        self.login = login
        self.begun = 0
        self.idle_since = 0.0
        self._client = client
        self._transport = client.transport
        self._loop = asyncio.get_running_loop()
        self._is_in_order = True
        self._is_at_the_beginning = True

    @classmethod
    async def open(cls, client: SMTP, login: Login) -> SmtpSession:
        """Connect and log in. Raises what the library raises."""
        await client.connect()
        session = cls(client, login)
        try:
            if client.is_ehlo_or_helo_needed:
                await _greet(client)
            await login.log_in(client)
        except BaseException:
            session.drop()
            raise
        return session

    @property
    def is_alive(self) -> bool:
        """Whether it is of the running event loop, and connected as far as can be told without asking."""
        return self._loop is asyncio.get_running_loop() and self._client.is_connected

    async def attempt(self, message: Message, final_timeout: float) -> Attempt:
        """Hand over one message.

        Args:
            message: an RFC 5322 message.
            final_timeout: seconds that the answer to the whole of it may take.
        """
        self.begun += 1
        content = _with_line_ends(message.content)
        announced = self._client.esmtp_extensions.get("size", "")
        if refused := larger_than_taken(len(content), announced):
            return Attempt(refused)
        return await self._announced(message, len(content)) or Attempt(await self._written(content, final_timeout))

    async def restore(self) -> bool:
        """Whether the session can take another message, after bringing it back to its beginning if need be."""
        if self._is_in_order and self._client.is_connected and not self._is_at_the_beginning:
            try:
                await self._client.rset(timeout=self._short)
                self._is_at_the_beginning = True
            except (SMTPException, OSError):
                self._is_in_order = False
        return self._is_in_order and self._client.is_connected

    async def quit(self) -> None:
        """Take leave politely, and end the connection whatever the server says to that."""
        try:
            if self.is_alive and self._is_in_order:
                with suppress(SMTPException, OSError):
                    await self._client.quit(timeout=self._short)
        finally:
            self.drop()

    def drop(self) -> None:
        """End the connection now: a closing handshake with a server that hangs would outlive the channel."""
        # The transport of an event loop that was closed can't be told anything any more.
        with suppress(RuntimeError):
            self._client.close()
        with suppress(RuntimeError):
            if isinstance(self._transport, WriteTransport):
                self._transport.abort()

    @property
    def _short(self) -> float:
        return min(self._client.timeout or _SHORT_SECONDS, _SHORT_SECONDS)

    async def _announced(self, message: Message, size: int) -> Attempt | None:
        """Say all that comes before the content. None where the server waits for it."""
        client = self._client
        self._is_at_the_beginning = False
        command = "MAIL"
        try:
            options = [f"SIZE={size}"] if client.supports_extension("size") else []
            await client.mail(parse_address(message.sender), options=options)
            command = "RCPT"
            await client.rcpt(parse_address(message.recipient))
            command = "DATA"
            go_ahead = await client.execute_command(b"DATA")
            if go_ahead.code != _GO_AHEAD:
                raise SMTPDataError(go_ahead.code, go_ahead.message)
            if not client.is_connected:
                raise SMTPServerDisconnected("Connection lost")
        except SMTPResponseException as answer:
            self._is_in_order = is_refusal(answer.code)
            outcome = before_handover(command, answer.code, answer.message)
            return Attempt(outcome, is_for_a_fresh_session=command == "MAIL" or not self._is_in_order)
        except ValueError:
            return Attempt(Refused(f"{command}: the address is none that SMTP can say"))
        except (SMTPException, OSError) as error:
            self._is_in_order = False
            # At MAIL the server has heard nothing yet of who gets the message: the session is at fault.
            scope = Scope.CHANNEL_BUSY if command == "MAIL" else Scope.MESSAGE
            return Attempt(Retry(f"{command}: {in_words(error)}", scope=scope), is_for_a_fresh_session=True)
        return None

    async def _written(self, content: bytes, final_timeout: float) -> Outcome:
        """Write the content, and wait for what becomes of it."""
        protocol = self._client.protocol
        self._is_in_order = False
        try:
            if protocol is None:
                raise SMTPServerDisconnected("Connection lost")
            protocol.write(_with_dots_doubled(content) + b".\r\n")
            answer = await protocol.read_response(timeout=final_timeout)
        except (SMTPException, OSError) as error:
            return Unsure(f"no answer to the message: {in_words(error)}")
        outcome = after_handover(answer.code, answer.message)
        self._is_at_the_beginning = not isinstance(outcome, Retry | Refused | Unsure)
        self._is_in_order = self._is_at_the_beginning or is_refusal(answer.code)
        return outcome


async def _greet(client: SMTP) -> None:
    try:
        await client.ehlo()
    except SMTPHeloError:
        if not client.is_connected:
            raise  # the server ended it: there is nobody to be greeted in the old way
        await client.helo()


def own_name() -> str:
    """How to greet a server: this machine's full name if it has one, else an address (RFC 5321, 4.1.3).

    The name is not looked up, since a resolver that hangs would hold the message.
    """
    name = socket.gethostname()
    return name if _FULL_NAME.fullmatch(name) else "[127.0.0.1]"


def _with_line_ends(content: bytes) -> bytes:
    whole = content.count(b"\r\n")
    # Mails of our own are in order already, and to look is quicker than to write them anew.
    if not whole == content.count(b"\n") == content.count(b"\r"):
        content = _LINE_END.sub(b"\r\n", content)
    return content if content.endswith(b"\r\n") else content + b"\r\n"


def _with_dots_doubled(content: bytes) -> bytes:
    """A line of one dot would end the message (RFC 5321, 4.5.2)."""
    has_any = content.startswith(b".") or b"\n." in content
    return _LEADING_DOT.sub(b"..", content) if has_any else content
