"""A machine with real mail servers: Postfix takes mails, and Dovecot shows them."""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from imap_tools import MailBoxUnencrypted, MailMessage

from accounts import READERS
from certificates import Certified, certificate_for
from dovecot import MAIL_USER, dovecot
from dovecot import PROGRAM as DOVECOT
from postfix import MESSAGE_SIZE_LIMIT, Postfix, postfix
from postfix import PROGRAM as POSTFIX

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Arrived:
    """A mail in a mailbox.

    Attributes:
        seen: as a client library for IMAP has it.
        content: all its bytes, as they come over IMAP.
    """

    seen: MailMessage
    content: bytes


@dataclass(frozen=True)
class MailHost:
    """The servers, the trust in them, and what they hold."""

    postfix: Postfix
    imap: int
    certified: Certified
    mailboxes: Path

    def mails(self, recipient: str) -> list[Arrived]:
        """What is in a mailbox, the oldest first. It stays there, unread."""
        self.postfix.settle()
        password = dict(READERS)[recipient]
        with MailBoxUnencrypted("127.0.0.1", self.imap).login(recipient, password) as mailbox:
            return [Arrived(seen, _content(mailbox, seen.uid or "")) for seen in mailbox.fetch(mark_seen=False)]

    def empty(self) -> None:
        """Throw away all mails."""
        self.postfix.settle()
        for mailbox in self.mailboxes.iterdir():
            shutil.rmtree(mailbox)


def what_is_missing() -> str:
    """What a mail host would need and is not there; empty if nothing."""
    for program in (POSTFIX, DOVECOT):
        if not shutil.which(program):
            return program
    # Each of them lays down its rights itself, and does not start without them.
    return "" if os.geteuid() == 0 else "the superuser, who alone starts mail servers,"


@contextmanager
def mail_host(message_size_limit: int = MESSAGE_SIZE_LIMIT) -> Iterator[MailHost]:
    """Start the servers, and end them without a trace."""
    with ExitStack() as stack:
        # Sockets have short paths, and the servers' own users pass through this one.
        root = Path(stack.enter_context(TemporaryDirectory(prefix="mail-")))
        root.chmod(0o711)
        for name in ("mailboxes", "dovecot", "postfix", "certificate"):
            (root / name).mkdir()
        mailboxes = root / "mailboxes"
        shutil.chown(mailboxes, MAIL_USER, MAIL_USER)
        certified = certificate_for("127.0.0.1", root / "certificate")
        reader = stack.enter_context(dovecot(root / "dovecot", mailboxes))
        taker = stack.enter_context(
            postfix(root / "postfix", mailboxes, reader.sasl, certified, message_size_limit=message_size_limit)
        )
        yield MailHost(taker, reader.port, certified, mailboxes)


def _content(mailbox: MailBoxUnencrypted, uid: str) -> bytes:
    _, answer = mailbox.client.uid("fetch", uid, "(BODY.PEEK[])")
    [content] = [item[1] for item in answer if isinstance(item, tuple)]
    assert isinstance(content, bytes)
    return content
