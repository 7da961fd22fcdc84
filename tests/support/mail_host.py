"""A machine with real mail servers: Postfix takes mails for one domain from who logs in, and Dovecot shows them.

Postfix sends nothing on, and both are private to the tests.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from imap_tools import MailBoxUnencrypted, MailMessage

from certificates import Certified, certificate_for
from dovecot import DOMAIN, MAIL_USER, READERS, dovecot
from dovecot import PROGRAM as DOVECOT
from real_servers import free_port, real_server

if TYPE_CHECKING:
    from collections.abc import Iterator

POSTFIX = "postfix"
MESSAGE_SIZE_LIMIT = 10_240_000
"""In bytes, as Postfix has it by default."""

_DELIVERING_SECONDS = 20.0

_MAIN = """
compatibility_level = 3.6
config_directory = {folder}/etc
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = /dev/stdout
myhostname = mail.{domain}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4

# Nobody is looked up, and nothing leaves this machine.
smtpd_peername_lookup = no
mydestination =
mynetworks =
alias_maps =
local_transport = error:there are no local users
relay_transport = error:nothing is relayed
default_transport = error:nothing is sent on

virtual_mailbox_domains = {domain}
virtual_mailbox_maps = inline:{{ {boxes} }}
virtual_mailbox_base = {mailboxes}
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
message_size_limit = {message_size_limit}

# Only who logs in is served, and only over TLS.
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
smtpd_tls_security_level = encrypt
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {sasl}
smtpd_client_restrictions = permit_sasl_authenticated, reject
smtpd_relay_restrictions = reject_unauth_destination

# Tests are quick, and make many mistakes.
smtpd_error_sleep_time = 0
smtpd_soft_error_limit = 1000
smtpd_hard_error_limit = 1000
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
"""

# There is no smtp service, which would send mails on.
_MASTER = """
127.0.0.1:{starttls} inet n - n - - smtpd
127.0.0.1:{tls} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
postlog unix-dgram n - n - 1 postlogd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
proxymap unix - - n - - proxymap
tlsmgr unix - - n 1000? 1 tlsmgr
virtual unix - n n - - virtual
error unix - - n - - error
retry unix - - n - - error
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
"""


@dataclass(frozen=True)
class Postfix:
    """Where it listens, and what it keeps.

    Attributes:
        starttls: a port that begins in the clear.
        tls: a port that is encrypted from the first byte.
        folder: its own files.
    """

    starttls: int
    tls: int
    folder: Path

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def settle(self) -> None:
        """Wait until all that it took is in the mailboxes."""
        deadline = time.monotonic() + _DELIVERING_SECONDS
        while waiting := self._waiting():
            if time.monotonic() > deadline:
                pytest.fail(f"{len(waiting)} mails were not delivered:\n{self.log}")
            time.sleep(0.02)

    def _waiting(self) -> list[Path]:
        queues = (self.folder / "queue" / name for name in ("incoming", "active", "deferred"))
        return [path for queue in queues for path in queue.rglob("*") if path.is_file()]


@contextmanager
def _postfix(
    folder: Path,
    mailboxes: Path,
    sasl: Path,
    certified: Certified,
    *,
    message_size_limit: int = MESSAGE_SIZE_LIMIT,
) -> Iterator[Postfix]:
    """A server that keeps its own files in `folder`, whose path other users may pass through.

    Args:
        folder: empty, and nobody else's.
        mailboxes: a folder in which each mailbox is a Maildir.
        sasl: Dovecot's socket for logins.
        certified: the server's certificate.
        message_size_limit: the largest message it takes, in bytes.
    """
    server = Postfix(free_port(), free_port(), folder)
    for name in ("etc", "queue", "data"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", "postfix")
    (folder / "etc" / "main.cf").write_text(
        _MAIN.format(
            folder=folder,
            domain=DOMAIN,
            mailboxes=mailboxes,
            boxes=" ".join(f"{{ {name} = {name.partition('@')[0]}/ }}" for name, _ in READERS),
            uid=mailboxes.stat().st_uid,
            gid=mailboxes.stat().st_gid,
            message_size_limit=message_size_limit,
            certificate=certified.public,
            key=certified.private,
            sasl=sasl,
        )
    )
    (folder / "etc" / "master.cf").write_text(_MASTER.format(starttls=server.starttls, tls=server.tls))
    # Postfix waits for two seconds where its settings are new, since they may still be written.
    os.utime(folder / "etc" / "main.cf", (0, 0))
    config = str(folder / "etc")
    # This makes the queue's folders, and says what is wrong with the settings.
    checked = subprocess.run([POSTFIX, "-c", config, "check"], capture_output=True, check=False, text=True)
    if checked.returncode:
        pytest.fail(f"{POSTFIX} can't be set up:\n{checked.stdout}{checked.stderr}")
    with real_server([_master(), "-s", "-c", config], folder / "log", server.starttls, b"220 "):
        yield server


def _master() -> str:
    """The server proper, which `postfix start` would leave to itself."""
    found = subprocess.run(["postconf", "-dh", "daemon_directory"], capture_output=True, check=True, text=True)
    return f"{found.stdout.strip()}/master"


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
            _postfix(root / "postfix", mailboxes, reader.sasl, certified, message_size_limit=message_size_limit)
        )
        yield MailHost(taker, reader.port, certified, mailboxes)


def _content(mailbox: MailBoxUnencrypted, uid: str) -> bytes:
    _, answer = mailbox.client.uid("fetch", uid, "(BODY.PEEK[])")
    [content] = [item[1] for item in answer if isinstance(item, tuple)]
    assert isinstance(content, bytes)
    return content
