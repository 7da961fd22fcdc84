"""What people call a mailbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.sources.plain_text import plain_line

if TYPE_CHECKING:
    from pedigreed.config.sources import MailboxSource


def name_of(config: MailboxSource) -> str:
    """``mailbox imap.obs.example/INBOX``, ``mailbox /var/mail/pedigreed``."""
    if config.imap is not None:
        return plain_line(f"mailbox {config.imap.host}/{config.imap.folder}")
    return plain_line(f"mailbox {config.maildir or config.mbox or config.eml}")
