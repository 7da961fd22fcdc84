"""Mail by SMTP: a message and a recipient at a time, several messages a connection."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from aiosmtplib import SMTP, SMTPAuthenticationError, SMTPException, SMTPResponseException

from pedigreed.config.channels import Security
from pedigreed.delivery.smtp_answers import in_words, is_permanent
from pedigreed.delivery.smtp_session import Login, SmtpSession, own_name
from pedigreed.model.delivery import Outcome, Retry, Scope, Sent
from pedigreed.model.failure import PedigreedError, TryAgain
from pedigreed.model.printable import short_line
from pedigreed.net.breakage import NO_TLS, Breakage, answers_without_tls, what_broke

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable

    from pedigreed.delivery.smtp_session import Attempt
    from pedigreed.model.delivery import Message

MOST_MESSAGES = 100
"""In one session. Servers end longer ones, and some take them for an abuse."""

LONGEST_IDLE = 20.0
"""Seconds that a session may lie idle. Servers give up after minutes, and what lies between after less."""


class SmtpChannel:
    """Hands messages to one mail server.

    With ``starttls`` and ``tls`` nothing but the greeting is ever said in the clear, and the server's certificate
    is verified. What fails before the message was handed over is retried, whatever the server says of the
    connection or the login: that is no word on the message. It may be one on the channel.

    A session is kept for the next message, and none is shared by two messages at a time. Where a kept one turns
    out to be gone, the message goes by a fresh one: it never fails for being the second. Once its content was
    written, it is not written again.

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
        token: Callable[[], Awaitable[str]] | None = None,
        timeout: float = 60.0,
        ehlo: str | None = None,
        final_timeout: float = 600.0,
        tls_context: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Describe the server.

        Args:
            host: its name, which its certificate has to carry.
            port: its port.
            security: ``starttls`` and ``tls`` never fall back to ``plain``.
            username: for the login; None sends without one.
            password: called for each login; it is kept as long as its session, and nowhere else.
            token: gives an access token instead of a password, for XOAUTH2; likewise.
            timeout: see the attributes.
            ehlo: the name to greet the server with; None for this machine's.
            final_timeout: see the attributes.
            tls_context: whom to trust; None for the system's authorities.
            clock: seconds that only grow.
        """
        self.host = host
        self.port = port
        self.security = security
        self.timeout = timeout
        self.final_timeout = final_timeout
        self._username = username
        self._password = password
        self._token = token
        self._ehlo = ehlo or own_name()
        self._tls_context = tls_context
        self._clock = clock
        self._idle: list[SmtpSession] = []

    async def send(self, message: Message) -> Outcome:
        if kept := self._taken_up():
            attempt = await self._attempt(kept, message)
            if not attempt.is_for_a_fresh_session:
                return self._presentable(attempt.outcome, kept.login)
        session = await self._opened()
        if not isinstance(session, SmtpSession):
            return session
        attempt = await self._attempt(session, message)
        return self._presentable(attempt.outcome, session.login)

    async def log_in(self) -> str | None:
        """Connect, log in and take leave, without a message. Why it does not work; None where it does."""
        session = await self._opened()
        if isinstance(session, SmtpSession):
            await session.quit()
            return None
        return None if isinstance(session, Sent) else session.reason

    async def close(self) -> None:
        """Take leave of the server. The next message connects anew."""
        idle, self._idle = self._idle, []
        await asyncio.gather(*(session.quit() for session in idle))

    def _taken_up(self) -> SmtpSession | None:
        """A session that waits for a message, if there is one that may still be good."""
        while self._idle:
            session = self._idle.pop()
            if session.is_alive and self._clock() - session.idle_since <= LONGEST_IDLE:
                return session
            session.drop()
        return None

    async def _opened(self) -> SmtpSession | Outcome:
        login = Login()
        try:
            login = await self._read_login()
            return await SmtpSession.open(self._client(), login)
        except SMTPAuthenticationError as error:
            scope = Scope.CHANNEL_BROKEN if is_permanent(error.code) else Scope.CHANNEL_BUSY
            outcome = Retry(f"the login was refused: {in_words(error)}", scope=scope)
        except (SMTPException, OSError, ValueError, PedigreedError) as error:
            scope = Scope.CHANNEL_BROKEN if _stays(error) else Scope.CHANNEL_BUSY
            said = NO_TLS if answers_without_tls(error) else in_words(error)
            outcome = Retry(f"no session: {said}", scope=scope)
        return self._presentable(outcome, login)

    async def _read_login(self) -> Login:
        if self._username and self._password:
            return Login(self._username, password=self._password())
        if self._username and self._token:
            return Login(self._username, token=await self._token())
        return Login()

    def _client(self) -> SMTP:
        return SMTP(
            hostname=self.host,
            port=self.port,
            use_tls=self.security is Security.TLS,
            start_tls=self.security is Security.STARTTLS,
            tls_context=self._tls_context,
            timeout=self.timeout,
            local_hostname=self._ehlo,
        )

    async def _attempt(self, session: SmtpSession, message: Message) -> Attempt:
        """Try the message, and put the session aside if it can take another."""
        try:
            attempt = await session.attempt(message, self.final_timeout)
            is_kept = not attempt.is_for_a_fresh_session and session.begun < MOST_MESSAGES
            if is_kept and await session.restore():
                session.idle_since = self._clock()
                self._idle.append(session)
            else:
                await session.quit()
        except BaseException:
            session.drop()
            raise
        return attempt

    def _presentable(self, outcome: Outcome, login: Login) -> Outcome:
        """The outcome on one line, with the server's name, and without the login's secret if it was echoed."""
        if isinstance(outcome, Sent):
            return Sent(short_line(login.redacted(outcome.receipt)))
        said = f"{self.host}:{self.port} ({self.security}): {outcome.reason}"
        return replace(outcome, reason=short_line(login.redacted(said)))


def _stays(error: Exception) -> bool:
    """Whether no session can be had until someone mends the server or the configuration."""
    if isinstance(error, SMTPResponseException):
        return is_permanent(error.code)
    # The library raises its base class where the server lacks what was asked for: STARTTLS, or a way to log in.
    lacks = type(error) is SMTPException
    is_ours = isinstance(error, ValueError | PedigreedError) and not isinstance(error, TryAgain)
    return lacks or is_ours or what_broke(error).what in {Breakage.CERTIFICATE, Breakage.TLS}
