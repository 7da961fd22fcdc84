"""A command that writes an access token, or fails to: real programs, without a shell of ours."""

from __future__ import annotations

import asyncio
import base64
import os
from typing import TYPE_CHECKING

import pytest

from pedigreed.config.channels import Security
from pedigreed.delivery.smtp import SmtpChannel
from pedigreed.model.delivery import Message, Outcome, Refused, Retry, Scope, Sent
from pedigreed.model.failure import ConfigurationInvalid, TryAgain
from pedigreed.net.access_token import access_token
from scripted_mail_server import ScriptedMailServer, scripted_mail_server

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.process

TOKEN = "ya29.hunter2-hunter2_hunter2~+/=="
USERNAME = "bot@obs.example"
SAID = base64.b64encode(f"user={USERNAME}\x01auth=Bearer {TOKEN}\x01\x01".encode()).decode()
FORMS = (SAID, TOKEN, base64.b64encode(TOKEN.encode()).decode())
MESSAGE = Message(
    "1@obs.example", "email", "a@x.example", "p@obs.example", "hello", b"Subject: hello\r\n\r\nhello\r\n"
)
OFFER = b"250-mail.example\r\n250 AUTH PLAIN XOAUTH2\r\n"


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], str]:
    """A function: the lines of a shell script -> the path of the program."""

    def written(lines: str) -> str:
        path = tmp_path / "token"
        path.write_text(f"#!/bin/sh\n{lines}\n")
        path.chmod(0o700)
        return str(path)

    return written


def send(command: list[str], script: dict[str, bytes], within: float = 20.0) -> tuple[Outcome, ScriptedMailServer]:
    async def scenario() -> tuple[Outcome, ScriptedMailServer]:
        async with scripted_mail_server({"EHLO": OFFER, "AUTH": b"235 welcome\r\n", **script}) as server:
            channel = SmtpChannel(
                "127.0.0.1",
                server.port,
                Security.PLAIN,
                username=USERNAME,
                token=lambda: access_token(command, within),
            )
            outcome = await channel.send(MESSAGE)
            await channel.close()
            assert TOKEN not in repr(channel)
            return outcome, server

    return asyncio.run(scenario())


@pytest.mark.parametrize("written", [f"echo '{TOKEN}'", f"printf '\\n  {TOKEN} \\r\\n\\n'", f"printf '{TOKEN}'"])
def test_what_the_command_writes_is_the_token(program: Callable[[str], str], written: str) -> None:
    assert asyncio.run(access_token([program(written)])) == TOKEN


def test_arguments_reach_the_command_as_they_are(program: Callable[[str], str]) -> None:
    path = program("printf '%s|' \"$@\"")
    assert asyncio.run(access_token([path, "smtp", "$HOME", "a b", "; id"])) == "smtp|$HOME|a b|; id|"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("exit 3", "ended with status 3"),
        ("echo 'no refresh token' >&2; echo more >&2; exit 1", "ended with status 1: no refresh token"),
        (f"echo {TOKEN}; echo 'expired: {TOKEN}' >&2; exit 1", "ended with status 1: expired: ***"),
        ("kill -9 $$", "was ended by signal 9"),
        ("true", "wrote no token"),
        ("echo; echo 'log in first' >&2", "wrote no token: log in first"),
        ("printf 'two\\nlines'", "wrote something else than one line of ASCII: a token is that"),
        ("printf 'bell\\a'", "wrote something else than one line of ASCII: a token is that"),
        ("printf '\\303\\251'", "wrote something else than one line of ASCII: a token is that"),
        (
            "head -c 1000000 /dev/zero | tr '\\0' x",
            "wrote something else than one line of ASCII: a token is that",
        ),
    ],
)
def test_a_command_that_gives_no_token_breaks_the_channel(
    program: Callable[[str], str], written: str, said: str
) -> None:
    path = program(written)
    with pytest.raises(ConfigurationInvalid) as raised:
        asyncio.run(access_token([path]))
    assert str(raised.value) == f"the token command {path} {said}"
    outcome, server = send([path], {})
    assert isinstance(outcome, Retry)
    assert outcome.scope is Scope.CHANNEL_BROKEN
    assert said in outcome.reason
    assert server.heard == []


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        (None, 0, "No such file or directory"),
        (b"#!/bin/sh\necho x\n", 0o600, "Permission denied"),
        (b"\x00\x01", 0o700, "Exec format error"),
        (b"#!/no/such/shell\n", 0o700, "No such file or directory"),
    ],
)
def test_a_command_that_cannot_be_run_breaks_the_channel(
    tmp_path: Path, content: bytes | None, mode: int, said: str
) -> None:
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
        path.chmod(mode)
    outcome, server = send([str(path)], {})
    assert isinstance(outcome, Retry)
    assert outcome.scope is Scope.CHANNEL_BROKEN
    assert f"the token command {path} can't be run: {said}" in outcome.reason
    assert server.heard == []


@pytest.mark.parametrize("written", ["exec sleep 60", "sleep 60", "sleep 60 & echo x"])
def test_a_command_that_takes_too_long_is_ended_and_holds_up_the_channel(
    program: Callable[[str], str], written: str
) -> None:
    path = program(written)
    with pytest.raises(TryAgain):
        asyncio.run(access_token([path], within=0.3))
    outcome, server = send([path], {}, within=0.3)
    assert isinstance(outcome, Retry)
    assert outcome.scope is Scope.CHANNEL_BUSY
    assert f"the token command {path} took longer than 0.3 seconds" in outcome.reason
    assert server.heard == []


def test_a_cancelled_send_ends_the_command(program: Callable[[str], str], tmp_path: Path) -> None:
    fifo = tmp_path / "ready"
    path = program(f"mkfifo {fifo}; echo $$ > {fifo}; exec sleep 60")

    async def scenario() -> None:
        asking = asyncio.create_task(access_token([path]))
        async with asyncio.timeout(20):
            while not fifo.exists():  # noqa: ASYNC110  # the file system tells of nothing
                await asyncio.sleep(0.01)
            pid = int(await asyncio.to_thread(fifo.read_text))
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)

    asyncio.run(scenario())


def test_the_token_is_said_by_xoauth2_alone(program: Callable[[str], str]) -> None:
    outcome, server = send([program(f"echo '{TOKEN}'")], {})
    assert outcome == Sent("250 kept as 77")
    assert server.heard[1] == f"AUTH XOAUTH2 {SAID}"
    assert server.commands.count("AUTH") == 1


def test_each_session_asks_for_a_token_of_its_own(program: Callable[[str], str], tmp_path: Path) -> None:
    count = tmp_path / "count"
    path = program(f"echo x >> {count}; wc -l < {count}")

    async def scenario() -> None:
        async with scripted_mail_server({"EHLO": OFFER, "AUTH": b"235 welcome\r\n"}) as server:
            channel = SmtpChannel(
                "127.0.0.1", server.port, Security.PLAIN, username=USERNAME, token=lambda: access_token([path])
            )
            for _ in range(2):
                assert isinstance(await channel.send(MESSAGE), Sent)
                assert isinstance(await channel.send(MESSAGE), Sent)
                await channel.close()
            assert server.sessions == 2

    asyncio.run(scenario())
    assert count.read_text() == "x\nx\n"


@pytest.mark.parametrize(
    ("script", "scope", "said"),
    [
        (
            {"AUTH": b"535 5.7.8 not accepted\r\n"},
            Scope.CHANNEL_BROKEN,
            "the login was refused: 535 5.7.8 not acc",
        ),
        ({"AUTH": b"454 4.7.0 later\r\n"}, Scope.CHANNEL_BUSY, "the login was refused: 454 4.7.0 later"),
        (
            {"AUTH": b"334 eyJzdGF0dXMiOiI0MDEifQ==\r\n", "": b"535 5.7.8 expired\r\n"},
            Scope.CHANNEL_BROKEN,
            "the login was refused: 535 5.7.8 expired",
        ),
        ({"EHLO": b"250-hello\r\n250 AUTH PLAIN\r\n"}, Scope.CHANNEL_BROKEN, "takes no access token (XOAUTH2)"),
        ({"EHLO": b"250 hello\r\n"}, Scope.CHANNEL_BROKEN, "takes no access token (XOAUTH2)"),
    ],
)
def test_a_token_that_is_not_taken_is_told_as_a_login(
    program: Callable[[str], str], script: dict[str, bytes], scope: Scope, said: str
) -> None:
    outcome, server = send([program(f"echo '{TOKEN}'")], script)
    assert isinstance(outcome, Retry)
    assert outcome.scope is scope
    assert said in outcome.reason
    assert "MAIL" not in server.commands


@pytest.mark.parametrize(
    "step",
    ["AUTH", "MAIL", "RCPT", "DATA", "BODY"],
)
def test_a_token_that_the_server_echoes_is_struck_out(program: Callable[[str], str], step: str) -> None:
    echo = f"550 I heard {' or '.join(FORMS)}\r\n".encode()
    outcome, _ = send([program(f"echo '{TOKEN}'")], {step: echo})
    assert isinstance(outcome, Retry | Refused)
    assert "I heard *** or *** or ***" in outcome.reason
    assert not any(form in repr(outcome) for form in FORMS)


def test_a_token_in_a_receipt_is_struck_out(program: Callable[[str], str]) -> None:
    outcome, _ = send([program(f"echo '{TOKEN}'")], {"BODY": f"250 {TOKEN}\r\n".encode()})
    assert outcome == Sent("250 ***")
