"""Dovecot, private to the tests: it knows the passwords, and shows mailboxes by IMAP."""

from __future__ import annotations

from base64 import b64encode
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from real_servers import free_port, real_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from certificates import Certified

PROGRAM = "dovecot"
DOMAIN = "x.example"


class Account(NamedTuple):
    """A name to log in with, and its password."""

    name: str
    password: str


SENDER = Account("pedigreed", 'correct "hörse" 10%')
"""May send, and has no mailbox."""

READERS = tuple(Account(f"{name}@{DOMAIN}", f"secret of {name}") for name in ("a", "b", "ops"))
"""Have mailboxes. Nobody else of the domain has one."""

MAIL_USER = "mail"
"""The mailboxes are this user's. Debian has it everywhere."""

# A refused login is answered at once, and nothing is kept beside the mails, so that a test may remove them.
_CONFIG = """
base_dir = {folder}/run
log_path = /dev/stderr
protocols = imap
listen = 127.0.0.1
{encryption}
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
mail_location = maildir:{mailboxes}/%n:INDEX=MEMORY
first_valid_uid = 1
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
userdb {{
  driver = static
  args = uid={user} gid={user} home={mailboxes}/%n
}}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls}
    ssl = yes
  }}
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service auth {{
  unix_listener {sasl} {{
    mode = 0600
    user = postfix
  }}
}}
"""


_TLS = """
ssl = yes
ssl_cert = <{certified.public}
ssl_key = <{certified.private}
"""


@dataclass(frozen=True)
class Dovecot:
    """Where it listens.

    Attributes:
        port: of IMAP, which begins in the clear.
        tls: of IMAP that is encrypted from the first byte; 0 without a certificate.
        sasl: the socket at which Postfix asks about logins.
    """

    port: int
    tls: int
    sasl: Path


@contextmanager
def dovecot(folder: Path, mailboxes: Path, certified: Certified | None = None) -> Iterator[Dovecot]:
    """A server that keeps its own files in `folder`. It speaks TLS if it has a certificate."""
    server = Dovecot(free_port(), free_port() if certified else 0, folder / "sasl")
    encryption = _TLS.format(certified=certified) if certified else "ssl = no"
    config = folder / "dovecot.conf"
    config.write_text(
        _CONFIG.format(
            folder=folder,
            mailboxes=mailboxes,
            user=MAIL_USER,
            encryption=encryption,
            port=server.port,
            tls=server.tls,
            sasl=server.sasl,
        )
    )
    users = folder / "users"
    users.write_text(
        "".join(f"{name}:{{PLAIN.b64}}{_base64(password)}\n" for name, password in (SENDER, *READERS))
    )
    with real_server([PROGRAM, "-F", "-c", str(config)], folder / "log", server.port, b"* OK"):
        yield server


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode("ascii")
