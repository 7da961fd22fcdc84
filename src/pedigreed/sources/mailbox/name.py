"""What people call a mailbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.sources.plain_text import plain_line

if TYPE_CHECKING:
    from pathlib import Path

    from pedigreed.config.sources import ImapMailbox, MailboxSource


def name_of(config: MailboxSource) -> str:
    """``mailbox imap.obs.example/INBOX``, ``mailbox /var/mail/pedigreed``."""
    if config.imap is not None:
        return name_of_folder(config.imap)
    path = config.maildir or config.mbox or config.eml
    assert path is not None
    return name_of_path(path)


def name_of_folder(config: ImapMailbox) -> str:
    """Of a folder on a server."""
    return plain_line(f"mailbox {config.host}/{config.folder}")


def name_of_path(path: Path) -> str:
    """Of files on this machine."""
    return plain_line(f"mailbox {path}")
