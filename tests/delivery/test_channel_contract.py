"""What every channel keeps to. A new channel adds its rig here, and nothing else."""

from __future__ import annotations

import asyncio
import mailbox
import socket
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from html import unescape
from typing import TYPE_CHECKING, Any

import feedparser
import pytest
from aiosmtpd import smtp

from hooks import Clock, hook_server
from pedigreed.config.address import Sender
from pedigreed.config.channels import Security
from pedigreed.delivery.command import CommandChannel
from pedigreed.delivery.digest_mail import build_mail
from pedigreed.delivery.feed import FeedChannel, as_xml
from pedigreed.delivery.folder import MAIL, FolderChannel, MaildirChannel
from pedigreed.delivery.posting import Pace
from pedigreed.delivery.slack import ONE_A_SECOND, SlackChannel
from pedigreed.delivery.smtp import SmtpChannel
from pedigreed.delivery.webhook import WebhookChannel
from pedigreed.model.delivery import Retry, Scope, Sent
from pedigreed.model.digest import Attachment, RenderedDigest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from pedigreed.delivery.channels import Channel
    from pedigreed.model.delivery import Message

NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)

AWKWARD_TEXTS = {
    "dots": ".\n..\n.leading\n\n.\n",
    "long": "x" * 5000 + "\n" + "word " * 2000 + "\n",
    "letters": "Ångström, μm, 銀河, 🔭\n",
    "controls": "nul \x00, escape \x1b, return \r, tab \t, form feed \x0c\n",
    "almost mail": "From me\nSubject: no\n\n--=_boundary--\n",
    "empty": "",
    "unfinished": "no line end",
}


@dataclass(frozen=True)
class Rig:
    """A channel with its destination.

    Attributes:
        channel: what is tested.
        unreachable: the same kind of channel, whose destination can't be reached.
        received: the bytes of each message that arrived.
        knows_repeats: whether the destination can tell that it has a message already.
        arrives: what of a message is to arrive; all of it but in a feed.
    """

    channel: Channel
    unreachable: Channel
    received: Callable[[], list[bytes]]
    knows_repeats: bool
    arrives: Callable[[Message], bytes] = lambda message: message.content


class Inbox:
    def __init__(self) -> None:
        self.contents: list[bytes] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: ANN401, ARG002, N802  # aiosmtpd calls it so
        self.contents.append(envelope.original_content)
        return "250 kept"


def program_of(path: Path, script: str) -> Path:
    """A program that can be run."""
    path.write_text(script)
    path.chmod(0o700)
    return path


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as closing:
        port: int = closing.getsockname()[1]
    return port


@asynccontextmanager
async def smtp_rig(folder: Path) -> AsyncIterator[Rig]:
    del folder
    inbox = Inbox()
    server = await asyncio.get_running_loop().create_server(lambda: smtp.SMTP(inbox), "127.0.0.1", 0)
    async with server:
        channel = SmtpChannel("127.0.0.1", server.sockets[0].getsockname()[1], Security.PLAIN)
        yield Rig(
            channel,
            SmtpChannel("127.0.0.1", closed_port(), Security.PLAIN),
            lambda: inbox.contents,
            knows_repeats=False,
        )
        await channel.close()


@asynccontextmanager
async def maildir_rig(folder: Path) -> AsyncIterator[Rig]:
    def received() -> list[bytes]:
        box = mailbox.Maildir(folder / "mail")
        return [box.get_bytes(key) for key in box.iterkeys()]

    (folder / "a file").touch()
    yield Rig(
        MaildirChannel(folder / "mail"), MaildirChannel(folder / "a file" / "mail"), received, knows_repeats=True
    )


@asynccontextmanager
async def folder_rig(folder: Path) -> AsyncIterator[Rig]:
    def received() -> list[bytes]:
        return [mail.read_bytes() for mail in (folder / "digests").glob(f"*/{MAIL}")]

    (folder / "a file").touch()
    yield Rig(
        FolderChannel(folder / "digests"), FolderChannel(folder / "a file" / "x"), received, knows_repeats=True
    )


@asynccontextmanager
async def feed_rig(folder: Path) -> AsyncIterator[Rig]:
    def received() -> list[bytes]:
        file = folder / "news.atom"
        entries = feedparser.parse(file.read_bytes()).entries if file.exists() else []
        return [f"{entry.title}\n{unescape(entry.content[0].value)}".encode() for entry in entries]

    def arrives(message: Message) -> bytes:
        body = message_from_bytes(message.content, policy=default).get_body(("plain",))
        assert body is not None
        return f"{message.subject}\n<pre>{as_xml(body.get_content())}</pre>".encode()

    (folder / "a file").touch()
    yield Rig(
        FeedChannel(folder / "news.atom"),
        FeedChannel(folder / "a file" / "news.atom"),
        received,
        knows_repeats=True,
        arrives=arrives,
    )


@asynccontextmanager
async def slack_rig(folder: Path) -> AsyncIterator[Rig]:
    del folder
    clock = Clock()
    async with hook_server() as server:
        yield Rig(
            SlackChannel(lambda: server.url, pace=Pace(ONE_A_SECOND, clock, clock.sleep)),
            SlackChannel(lambda: f"http://127.0.0.1:{closed_port()}/"),
            lambda: server.bodies,
            knows_repeats=False,
        )


@asynccontextmanager
async def webhook_rig(folder: Path) -> AsyncIterator[Rig]:
    del folder
    async with hook_server() as server:
        yield Rig(
            WebhookChannel(lambda: server.url, lambda: "key"),
            WebhookChannel(lambda: f"http://127.0.0.1:{closed_port()}/", lambda: "key"),
            lambda: server.bodies,
            knows_repeats=False,
        )


@asynccontextmanager
async def command_rig(folder: Path) -> AsyncIterator[Rig]:
    kept = folder / "kept"
    kept.mkdir()
    script = '#!/bin/sh\nexec cat >"$(mktemp "$1/XXXXXXXX")"\n'
    program, replaced = (program_of(folder / name, script) for name in ("post", "replaced"))
    # A program that is being replaced, as an upgrade does it, can't be run for that moment (ETXTBSY).
    with replaced.open("a"):
        yield Rig(
            CommandChannel((str(program), str(kept)), timedelta(seconds=30)),
            CommandChannel((str(replaced), str(kept)), timedelta(seconds=30)),
            lambda: [file.read_bytes() for file in kept.iterdir()],
            knows_repeats=False,
        )


Rigging = AbstractAsyncContextManager[Rig]
RIGS: dict[str, Callable[[Path], Rigging]] = {
    "smtp": smtp_rig,
    "slack": slack_rig,
    "webhook": webhook_rig,
    "maildir": maildir_rig,
    "folder": folder_rig,
    "feed": feed_rig,
    "command": command_rig,
}


@pytest.fixture(
    params=[pytest.param(name, marks=pytest.mark.process if name == "command" else ()) for name in RIGS]
)
def rigging(request: pytest.FixtureRequest, tmp_path: Path) -> Rigging:
    return RIGS[request.param](tmp_path)


def mail(number: int = 1, text: str = "1,204 products were reprocessed.\n") -> Message:
    attachments = (
        Attachment("jades.json", "application/json", bytes(range(256)) * 40),
        Attachment("jades.csv", "text/csv", b"a,b\r\n1,2\r\n"),
    )
    return build_mail(
        RenderedDigest(f"{number:032x}", "jades", f"[pedigreed] jades: {number}", text, attachments),
        channel="any",
        sender=Sender("pedigreed", "pedigreed@obs.example"),
        recipient="a@x.example",
        now=NOW,
    )


@pytest.mark.parametrize("text", AWKWARD_TEXTS.values(), ids=AWKWARD_TEXTS.keys())
def test_a_message_arrives_byte_for_byte(rigging: Rigging, text: str) -> None:
    async def scenario() -> None:
        async with rigging as rig:
            message = mail(text=text)
            assert isinstance(await rig.channel.send(message), Sent)
            assert rig.received() == [rig.arrives(message)]

    asyncio.run(scenario())


def test_a_repeat_is_sent_again_only_where_it_cannot_be_told(rigging: Rigging) -> None:
    async def scenario() -> None:
        async with rigging as rig:
            message = mail()
            outcomes = [await rig.channel.send(message) for _ in range(3)]
            assert all(isinstance(outcome, Sent) for outcome in outcomes)
            assert rig.received() == [rig.arrives(message)] * (1 if rig.knows_repeats else 3)

    asyncio.run(scenario())


def test_messages_sent_at_the_same_time_all_arrive_once(rigging: Rigging) -> None:
    async def scenario() -> None:
        async with rigging as rig:
            messages = [mail(number) for number in range(8)]
            outcomes = await asyncio.gather(*map(rig.channel.send, messages))
            assert all(isinstance(outcome, Sent) for outcome in outcomes)
            assert sorted(rig.received()) == sorted(map(rig.arrives, messages))

    asyncio.run(scenario())


def test_a_destination_that_cannot_be_reached_is_tried_again_and_holds_up_its_channel(rigging: Rigging) -> None:
    async def scenario() -> None:
        async with rigging as rig:
            outcome = await rig.unreachable.send(mail())
            assert isinstance(outcome, Retry)
            assert outcome.scope is Scope.CHANNEL_BUSY
            assert outcome.reason
            assert outcome.reason.isprintable()
            assert rig.received() == []

    asyncio.run(scenario())


def test_a_channel_may_be_closed_more_than_once_and_sends_again(rigging: Rigging) -> None:
    async def scenario() -> None:
        async with rigging as rig:
            await rig.channel.close()
            assert isinstance(await rig.channel.send(mail(1)), Sent)
            await rig.channel.close()
            await rig.channel.close()
            assert isinstance(await rig.channel.send(mail(2)), Sent)
            await rig.channel.close()
            await rig.unreachable.close()
            assert len(rig.received()) == 2

    asyncio.run(scenario())
