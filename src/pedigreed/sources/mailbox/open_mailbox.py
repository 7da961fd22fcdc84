"""The mailbox that is configured, of whichever kind, as a source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.sources.mailbox.folders import eml_folder, maildir
from pedigreed.sources.mailbox.imap import ImapSource
from pedigreed.sources.mailbox.mbox import MboxSource
from pedigreed.sources.mailbox.senders import Senders

if TYPE_CHECKING:
    import ssl

    from pedigreed.config.sources import MailboxSource
    from pedigreed.sources.mailbox.imap_connection import ImapLimits
    from pedigreed.sources.source import Source


def open_mailbox(
    config: MailboxSource, *, limits: ImapLimits | None = None, tls_context: ssl.SSLContext | None = None
) -> Source:
    """The mailbox that is configured. Nothing is opened before it is read.

    Args:
        config: of exactly one kind.
        limits: of a reading over IMAP; None for the usual ones.
        tls_context: whom to trust over IMAP; None for the system's authorities.
    """
    senders = Senders(config.senders, config.authserv_id)
    if config.imap:
        return ImapSource(config.imap, senders, limits=limits, tls_context=tls_context)
    if config.maildir:
        return maildir(config.maildir, senders)
    if config.mbox:
        return MboxSource(config.mbox, senders)
    assert config.eml
    return eml_folder(config.eml, senders)
