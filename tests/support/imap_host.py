"""A real IMAP server with one mailbox, and what a test does to it.

A `conftest.py` that takes `imap_server` and `imap` over has its tests use one server, whose mailbox is empty.
"""

from __future__ import annotations

import imaplib
import shutil
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from imap_tools import MailBoxUnencrypted

from certificates import Certified, certificate_for
from dovecot import MAIL_USER, READERS, Dovecot, dovecot
from mail_host import what_is_missing
from pedigreed.config.channels import Security
from pedigreed.config.secret import Secret
from pedigreed.config.sources import ImapMailbox
from real_servers import missing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

USER = READERS[0]


@dataclass(frozen=True)
class ImapHost:
    """The server, the trust in it, and the mailbox as files."""

    server: Dovecot
    certified: Certified
    maildir: Path

    def config(self, **changes: object) -> ImapMailbox:
        """How to read the mailbox."""
        said = {
            "host": "127.0.0.1",
            "username": USER.name,
            "password": Secret("inline", USER.password),
            "security": Security.PLAIN,
            "port": self.server.port,
        }
        return ImapMailbox.model_validate(said | changes)

    def append(self, *mails: bytes, folder: str = "INBOX", at: datetime | None = None) -> None:
        """Put mails into a folder, as a delivery would."""
        with self.opened() as mailbox:
            for mail in mails:
                mailbox.append(mail, folder, dt=at)

    def deliver(self, name: str, content: bytes) -> Path:
        """Put a file into the mailbox as it is, which no program has looked at."""
        path = self.maildir / "new" / name
        path.write_bytes(content)
        shutil.chown(path, MAIL_USER, MAIL_USER)
        return path

    def opened(self) -> MailBoxUnencrypted:
        """The mailbox as an ordinary mail program has it."""
        mailbox = MailBoxUnencrypted("127.0.0.1", self.server.port)
        mailbox.login(USER.name, USER.password)
        return mailbox

    def empty(self) -> None:
        """Throw away the mailbox."""
        shutil.rmtree(self.maildir, ignore_errors=True)

    def flags(self) -> dict[str, tuple[str, ...]]:
        """The flags of each mail, by UID."""
        with self.opened() as mailbox:
            _, answer = mailbox.client.uid("FETCH", "1:*", "(FLAGS)")
            lines = [line for line in answer if isinstance(line, bytes)]
            uids = mailbox.uids()
        return {
            uid: tuple(flag.decode() for flag in imaplib.ParseFlags(line))
            for uid, line in zip(uids, lines, strict=True)
        }


@contextmanager
def imap_host() -> Iterator[ImapHost]:
    """Start the server, and end it without a trace."""
    with ExitStack() as stack:
        root = Path(stack.enter_context(TemporaryDirectory(prefix="imap-")))
        root.chmod(0o711)
        for name in ("mailboxes", "dovecot", "certificate"):
            (root / name).mkdir()
        shutil.chown(root / "mailboxes", MAIL_USER, MAIL_USER)
        certified = certificate_for("127.0.0.1", root / "certificate")
        server = stack.enter_context(dovecot(root / "dovecot", root / "mailboxes", certified))
        yield ImapHost(server, certified, root / "mailboxes" / USER.name.partition("@")[0])


@pytest.fixture(scope="session")
def imap_server() -> Iterator[ImapHost]:
    """Dovecot, once for all tests."""
    if reason := what_is_missing():
        missing(reason)
    with imap_host() as host:
        yield host


@pytest.fixture
def imap(imap_server: ImapHost) -> ImapHost:
    """Its mailbox, empty."""
    imap_server.empty()
    return imap_server
