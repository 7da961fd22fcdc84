"""Dovecot, private to the tests: it knows the passwords, and shows mailboxes by IMAP."""

from __future__ import annotations

from base64 import b64encode
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from accounts import READERS, SENDER
from daemon import daemon, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROGRAM = "dovecot"
MAIL_USER = "mail"
"""The mailboxes are this user's. Debian has it everywhere."""

# A refused login is answered at once, and nothing is kept beside the mails, so that a test may remove them.
_CONFIG = """
base_dir = {folder}/run
log_path = /dev/stderr
protocols = imap
listen = 127.0.0.1
ssl = no
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
    port = 0
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


@dataclass(frozen=True)
class Dovecot:
    """Where it listens.

    Attributes:
        port: of IMAP, in the clear.
        sasl: the socket at which Postfix asks about logins.
    """

    port: int
    sasl: Path


@contextmanager
def dovecot(folder: Path, mailboxes: Path) -> Iterator[Dovecot]:
    """A server that keeps its own files in `folder`."""
    server = Dovecot(free_port(), folder / "sasl")
    config = folder / "dovecot.conf"
    config.write_text(
        _CONFIG.format(folder=folder, mailboxes=mailboxes, user=MAIL_USER, port=server.port, sasl=server.sasl)
    )
    users = folder / "users"
    users.write_text(
        "".join(f"{name}:{{PLAIN.b64}}{_base64(password)}\n" for name, password in (SENDER, *READERS))
    )
    with daemon([PROGRAM, "-F", "-c", str(config)], folder / "log", server.port, b"* OK"):
        yield server


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode("ascii")
