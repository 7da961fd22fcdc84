"""Encryption and login, against a real mail server with a real certificate."""

from __future__ import annotations

import asyncio
import base64
import warnings
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd import smtp

from certificates import Certified, certificate_for
from pedigreed.config.channels import Security
from pedigreed.delivery.smtp import SmtpChannel
from pedigreed.model.delivery import Message, Outcome, Retry, Scope, Sent
from pedigreed.model.failure import ConfigurationInvalid

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

USERNAME, PASSWORD = "bot", "correct horse"
MESSAGE = Message(
    message_id="1@obs.example",
    channel="email",
    recipient="a@x.example",
    sender="pedigreed@obs.example",
    subject="hello",
    content=b"Subject: hello\r\n\r\nhello\r\n",
)


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Certified:
    return certificate_for("127.0.0.1", tmp_path_factory.mktemp("certificate"))


@dataclass
class Server:
    """What a mail server saw."""

    port: int = 0
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> smtp.AuthResult:  # noqa: ANN401, ARG002  # as aiosmtpd calls it
        self.logins.append((data.login, data.password))
        good = (data.login, data.password) == (USERNAME.encode(), PASSWORD.encode())
        return smtp.AuthResult(success=good, handled=False)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: ANN401, ARG002, N802  # as aiosmtpd calls it
        self.encrypted.append(server.transport.get_extra_info("sslcontext") is not None)
        return "250 kept"


class Conversation(smtp.SMTP):
    """One session; it tells when it has ended. A failed handshake of implicit TLS never begins one."""

    def __init__(self, begun: list[asyncio.Future[None]], handler: Server, **settings: Any) -> None:  # noqa: ANN401  # aiosmtpd's
        super().__init__(handler, **settings)
        self._begun = begun
        self._ended: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self._ended is None:
            self._ended = asyncio.get_running_loop().create_future()
            self._begun.append(self._ended)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(None)


@asynccontextmanager
async def serving(
    *,
    starttls: ssl.SSLContext | None = None,
    require_starttls: bool = True,
    implicit: ssl.SSLContext | None = None,
    login: bool = False,
) -> AsyncIterator[Server]:
    seen = Server()
    begun: list[asyncio.Future[None]] = []

    def conversation() -> smtp.SMTP:
        with warnings.catch_warnings():
            # TLS is there from the first byte, which the server does not know of.
            warnings.filterwarnings("ignore", "Requiring AUTH while not requiring TLS", UserWarning)
            return Conversation(
                begun,
                seen,
                tls_context=starttls,
                require_starttls=require_starttls and starttls is not None,
                authenticator=seen.authenticate,
                auth_required=login,
                auth_require_tls=implicit is None,
            )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(conversation, "127.0.0.1", 0, ssl=implicit)
    seen.port = server.sockets[0].getsockname()[1]
    async with server:
        yield seen
        async with asyncio.timeout(20):
            await asyncio.gather(*begun)


def send(
    security: Security,
    trust: ssl.SSLContext | None,
    *,
    password: str | Callable[[], str] | None = None,
    timeout: float = 30.0,
    starttls: ssl.SSLContext | None = None,
    require_starttls: bool = True,
    implicit: ssl.SSLContext | None = None,
) -> tuple[Outcome, Server]:
    def reveal() -> str:
        return password() if callable(password) else str(password)

    async def scenario() -> tuple[Outcome, Server]:
        login = password is not None
        async with serving(
            starttls=starttls, require_starttls=require_starttls, implicit=implicit, login=login
        ) as server:
            channel = SmtpChannel(
                "127.0.0.1",
                server.port,
                security,
                username=USERNAME if login else None,
                password=reveal if login else None,
                timeout=timeout,
                tls_context=trust,
            )
            assert PASSWORD not in repr(channel)
            outcome = await channel.send(MESSAGE)
            await channel.close()
            return outcome, server

    return asyncio.run(scenario())


def test_starttls_encrypts_the_login_and_the_message(certified: Certified) -> None:
    outcome, server = send(Security.STARTTLS, certified.trust, password=PASSWORD, starttls=certified.server)
    assert outcome == Sent("250 kept")
    assert server.logins == [(USERNAME.encode(), PASSWORD.encode())]
    assert server.encrypted == [True]


def test_tls_encrypts_from_the_first_byte(certified: Certified) -> None:
    outcome, server = send(Security.TLS, certified.trust, password=PASSWORD, implicit=certified.server)
    assert outcome == Sent("250 kept")
    assert server.logins == [(USERNAME.encode(), PASSWORD.encode())]
    assert server.encrypted == [True]


def test_plain_is_plain_even_where_encryption_is_offered(certified: Certified) -> None:
    outcome, server = send(Security.PLAIN, None, starttls=certified.server, require_starttls=False)
    assert outcome == Sent("250 kept")
    assert server.encrypted == [False]


def test_a_certificate_that_nobody_vouches_for_ends_the_session(certified: Certified) -> None:
    for outcome, server in (
        send(Security.STARTTLS, None, password=PASSWORD, starttls=certified.server),
        send(Security.TLS, None, password=PASSWORD, implicit=certified.server),
    ):
        assert isinstance(outcome, Retry)
        assert outcome.scope is Scope.CHANNEL_BROKEN
        assert "certificate" in outcome.reason
        assert not server.logins
        assert not server.encrypted


def test_a_certificate_of_another_host_ends_the_session(tmp_path: Path) -> None:
    other = certificate_for("127.0.0.2", tmp_path)
    for outcome, server in (
        send(Security.STARTTLS, other.trust, password=PASSWORD, starttls=other.server),
        send(Security.TLS, other.trust, password=PASSWORD, implicit=other.server),
    ):
        assert isinstance(outcome, Retry)
        assert outcome.scope is Scope.CHANNEL_BROKEN
        assert "certificate" in outcome.reason
        assert not server.logins
        assert not server.encrypted


@pytest.mark.parametrize("password", [None, PASSWORD])
def test_without_starttls_nothing_is_said_in_the_clear(certified: Certified, password: str | None) -> None:
    outcome, server = send(Security.STARTTLS, certified.trust, password=password)
    assert isinstance(outcome, Retry)
    assert outcome.scope is Scope.CHANNEL_BROKEN
    assert "STARTTLS extension not supported" in outcome.reason
    assert not server.logins
    assert not server.encrypted


def test_tls_to_a_server_that_speaks_in_the_clear_is_tried_again(certified: Certified) -> None:
    outcome, server = send(Security.TLS, certified.trust, timeout=0.5)
    assert isinstance(outcome, Retry)
    assert "it answers without TLS: try security: starttls" in outcome.reason
    assert server.encrypted == []


def test_clear_speech_to_a_server_that_wants_tls_is_tried_again(certified: Certified) -> None:
    outcome, server = send(Security.PLAIN, None, timeout=0.5, implicit=certified.server)
    assert isinstance(outcome, Retry)
    assert server.encrypted == []


def test_a_wrong_password_is_tried_again_and_told_as_a_login(certified: Certified) -> None:
    outcome, server = send(Security.STARTTLS, certified.trust, password="wrong", starttls=certified.server)
    assert isinstance(outcome, Retry)
    assert outcome.scope is Scope.CHANNEL_BROKEN
    assert "the login was refused: 535" in outcome.reason
    assert "wrong" not in outcome.reason
    assert server.encrypted == []


def test_a_password_that_is_not_there_is_tried_again() -> None:
    def missing() -> str:
        raise ConfigurationInvalid("the credential 'smtp_password' is not there")

    outcome, server = send(Security.PLAIN, None, password=missing)
    assert isinstance(outcome, Retry)
    assert outcome.scope is Scope.CHANNEL_BROKEN
    assert "the credential 'smtp_password' is not there" in outcome.reason
    assert server.logins == []


def test_a_login_that_fails_for_the_moment_holds_up_the_channel() -> None:
    async def busy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        while line := await reader.readline():
            writer.write(b"250-hello\r\n250 AUTH PLAIN\r\n" if line[:4] == b"EHLO" else b"454 4.7.0 later\r\n")
        writer.close()
        await writer.wait_closed()
        ended.set()

    ended = asyncio.Event()

    async def scenario() -> Outcome:
        server = await asyncio.start_server(busy, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            channel = SmtpChannel("127.0.0.1", port, Security.PLAIN, username=USERNAME, password=lambda: PASSWORD)
            outcome = await channel.send(MESSAGE)
            async with asyncio.timeout(20):
                await ended.wait()
            return outcome

    outcome = asyncio.run(scenario())
    assert isinstance(outcome, Retry)
    assert outcome.scope is Scope.CHANNEL_BUSY


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
def test_a_password_that_the_server_echoes_is_struck_out(mechanism: str) -> None:
    forms = [
        PASSWORD,
        *(base64.b64encode(said.encode()).decode() for said in (PASSWORD, f"\0{USERNAME}\0{PASSWORD}")),
    ]

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        while line := await reader.readline():
            if line.startswith(b"EHLO"):
                writer.write(f"250-hello\r\n250 AUTH {mechanism}\r\n".encode())
            elif line.startswith((b"AUTH LOGIN", b"AUTH CRAM")):
                writer.write(b"334 UGFzc3dvcmQ6\r\n")
            else:
                writer.write(b"535 I heard " + line.strip() + f" meaning {' or '.join(forms)}\r\n".encode())
        writer.close()
        await writer.wait_closed()
        ended.set()

    ended = asyncio.Event()

    async def scenario() -> Outcome:
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            channel = SmtpChannel("127.0.0.1", port, Security.PLAIN, username=USERNAME, password=lambda: PASSWORD)
            outcome = await channel.send(MESSAGE)
            async with asyncio.timeout(20):
                await ended.wait()
            return outcome

    outcome = asyncio.run(scenario())
    assert isinstance(outcome, Retry)
    assert "I heard" in outcome.reason
    assert not any(form in repr(outcome) for form in forms)
