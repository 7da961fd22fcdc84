"""What people call each source of news: the CRDS server, a feed, a mailbox."""

from __future__ import annotations

import hashlib
import re
from itertools import pairwise
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from pedigreed.sources.plain_text import plain_line

if TYPE_CHECKING:
    from pathlib import Path

    from pedigreed.config.sources import ImapMailbox, MailboxSource


CRDS_SERVER = "CRDS"

_SECRET_KEY = re.compile(
    r"auth|credential|key|pass|pwd|secret|session|sig|token|user|^(?:hash|hmac|id|login|pw|sid|t|x|y)$",
    re.IGNORECASE,
)
_HIDDEN = "***"
_SHORTEST_TOKEN = 12
_MOST_TURNS = 3
_LONGEST_WORD = 40


def feed_name(url: str) -> str:
    """The name of a feed: its address without secrets.

    An address of a LISTSERV archive (``wa.exe?RSS&L=LIST``) is called by its list: ``LIST at HOST``, whatever the
    form of the feed. Every other one is called by host, path and query. Values of the query whose keys sound
    secret, and what looks like a token wherever it stands, are `***`. Then four digits of a digest of the whole
    follow, so that two feeds that differ in a token only have two names.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    place = f"{host}:{parts.port}" if parts.port else host
    query = parse_qsl(parts.query, keep_blank_values=True)
    keys = {key.upper(): value for key, value in query}
    if "RSS" in keys and keys.get("L"):
        return plain_line(f"{keys['L']} at {host}")
    path = "/".join(_HIDDEN if _looks_secret(piece) else piece for piece in parts.path.split("/"))
    shown = [(key, _HIDDEN if _SECRET_KEY.search(key) or _looks_secret(value) else value) for key, value in query]
    asked = "&".join(
        f"{_HIDDEN if _looks_secret(key) else key}{'=' if value else ''}{value}" for key, value in shown
    )
    name = f"{place}{path.rstrip('/')}{'?' if asked else ''}{asked}"
    if _HIDDEN in name:
        name += f" ({hashlib.sha256(url.encode('utf-8', 'replace')).hexdigest()[:4]})"
    return plain_line(name)


def _looks_secret(piece: str) -> bool:
    """Long, with letters and digits in turn more often than in a name with a date; or too long for a name."""
    turns = sum(a.isdigit() != b.isdigit() for a, b in pairwise(filter(str.isalnum, piece)))
    return len(piece) >= _SHORTEST_TOKEN and (turns > _MOST_TURNS or len(piece) > _LONGEST_WORD)


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
