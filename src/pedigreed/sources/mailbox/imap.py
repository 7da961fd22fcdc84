"""A folder on an IMAP server (RFC 3501), read and left as it is.

It is opened by EXAMINE, and mails are fetched by BODY.PEEK, so that no flag changes. A mail is known by its UID as
long as the folder's UIDVALIDITY is the same; when that changes, the folder is read anew, and what is known already
does no harm. The first reading brings the mails of the last 90 days, and of those the newest thousand.

New mails are asked for, not waited for (IDLE): the work is done by processes that end when it is done.
"""

from __future__ import annotations

import ssl
from dataclasses import replace
from typing import TYPE_CHECKING

from pedigreed.model.failure import PedigreedError
from pedigreed.sources.mailbox.gathering import Gathering
from pedigreed.sources.mailbox.imap_connection import ImapLimits
from pedigreed.sources.mailbox.imap_reading import ImapReading
from pedigreed.sources.mailbox.imap_words import redacted
from pedigreed.sources.names import imap_folder_name

if TYPE_CHECKING:
    from datetime import datetime

    from pedigreed.config.sources import ImapMailbox
    from pedigreed.model.news_source import Reading

_MOST_CONNECTIONS = 3


class ImapSource:
    """Reads one folder."""

    def __init__(
        self,
        config: ImapMailbox,
        *,
        limits: ImapLimits | None = None,
        tls_context: ssl.SSLContext | None = None,
    ) -> None:
        """A source that connects when it is read.

        Args:
            config: the folder, and how to log in.
            limits: None for the usual ones.
            tls_context: whom to trust; None for the system's authorities.
        """
        self.name = imap_folder_name(config)
        self._config = config
        self._limits = limits or ImapLimits()
        self._tls_context = tls_context

    def read(self, bookmark: str | None, now: datetime) -> Reading:
        """Read the mails that came since. See `sources.source.Source`."""
        reading = ImapReading(self._config, self._limits, Gathering(self.name), bookmark, now)
        try:
            password = self._config.password.reveal()
            context = self._tls_context or ssl.create_default_context()
        except (PedigreedError, OSError) as error:
            return reading.ended(str(error))
        problem = ""
        for _ in range(_MOST_CONNECTIONS):
            problem = reading.go_on(context, password)
            if not problem or not reading.may_go_on:
                break
        ended = reading.ended(problem)
        return replace(
            ended,
            problems=tuple(self._redacted(problem, password) for problem in ended.problems),
            warnings=tuple(self._redacted(warning, password) for warning in ended.warnings),
        )

    def _redacted(self, text: str, password: str) -> str:
        return redacted(text, self._config.username, password)
