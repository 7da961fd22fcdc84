"""What every source of announcements offers: a name, and a reading of what is new since its bookmark."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qsl, urlsplit

from pedigreed.sources.plain_text import plain_line

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from pedigreed.config.sources import ImapMailbox, MailboxSource
    from pedigreed.model.news_source import Reading


class Source(Protocol):
    """The CRDS server, a feed or a mailbox. It is only read."""

    @property
    def name(self) -> str:
        """What people call it, without secrets. It stays the same for the same address."""

    def read(self, bookmark: str | None, now: datetime) -> Reading:
        """Read what is new.

        It blocks, ends within the source's own limits, and raises nothing: what went wrong is told.

        Args:
            bookmark: what the last reading gave; None at the first.
            now: UTC.
        """


CRDS_SERVER = "CRDS"

_LIST = re.compile(r"[A-Za-z0-9_.-]{1,60}")


def feed_name(url: str) -> str:
    """The name of a feed: its host, and its list where it is LISTSERV's; nothing that may be a secret.

    An address of a LISTSERV archive (``wa.exe?RSS&L=LIST``) is called by its list: ``LIST at HOST``, whatever the
    form of the feed. Every other one is called by its host, and four digits of a digest of the whole address, so
    that two feeds of one host have two names: ``news.example (1f3c)``.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    keys = {key.upper(): value for key, value in parse_qsl(parts.query, keep_blank_values=True)}
    if "RSS" in keys and _LIST.fullmatch(keys.get("L", "")):
        return plain_line(f"{keys['L']} at {host}")
    place = f"{host}:{parts.port}" if parts.port else host
    is_all = not parts.path.strip("/") and not parts.query
    return plain_line(
        place if is_all else f"{place} ({hashlib.sha256(url.encode('utf-8', 'replace')).hexdigest()[:4]})"
    )


def mailbox_name(config: MailboxSource) -> str:
    """The name of a mailbox: ``mailbox imap.obs.example/INBOX``, ``mailbox /var/mail/pedigreed``."""
    if config.imap is not None:
        return imap_folder_name(config.imap)
    path = config.maildir or config.mbox or config.eml
    assert path is not None
    return mailbox_path_name(path)


def imap_folder_name(config: ImapMailbox) -> str:
    """Of a folder on a server."""
    return plain_line(f"mailbox {config.host}/{config.folder}")


def mailbox_path_name(path: Path) -> str:
    """Of files on this machine."""
    return plain_line(f"mailbox {path}")
