"""A folder on an IMAP server (RFC 3501), read and left as it is.

It is opened by EXAMINE, and mails are fetched by BODY.PEEK, so that no flag changes. A mail is known by its UID as
long as the folder's UIDVALIDITY is the same; when that changes, the folder is read anew, and what is known already
does no harm. The first reading brings the mails of the last 90 days, and of those the newest thousand.

New mails are asked for, not waited for (IDLE): the work is done by processes that end when it is done.
"""

from __future__ import annotations

import asyncio
import imaplib
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from imap_tools import AND, U
from imap_tools.errors import ImapToolsError, MailboxFolderSelectError, MailboxLoginError

from pedigreed.model.failure import PedigreedError, UpstreamUnavailable
from pedigreed.net.access_token import access_token
from pedigreed.net.exchange import system_authorities
from pedigreed.sources.mailbox.gathering import FIRST, MOST_MAILS, Gathering
from pedigreed.sources.mailbox.imap_connection import (
    WHOLE,
    ImapClient,
    ImapConnection,
    ImapLimits,
    NotHandedOut,
    in_words,
    introduce,
    naming_header,
    redacted,
    said,
    say_token,
    section,
    size_of,
    uids_of,
)
from pedigreed.sources.mailbox.imap_progress import ImapPlace, Progress
from pedigreed.sources.mailbox.mail import LARGEST_MAIL
from pedigreed.sources.source import imap_folder_name

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

    from pedigreed.config.sources import ImapMailbox
    from pedigreed.model.news_source import Reading
    from pedigreed.sources.mailbox.senders import Senders


_MOST_CONNECTIONS = 3


class ImapSource:
    """Reads one folder."""

    def __init__(
        self,
        config: ImapMailbox,
        senders: Senders,
        *,
        limits: ImapLimits | None = None,
        tls_context: ssl.SSLContext | None = None,
    ) -> None:
        """A source that connects when it is read.

        Args:
            config: the folder, and how to log in.
            senders: whose mails are believed.
            limits: None for the usual ones.
            tls_context: whom to trust; None for the system's authorities.
        """
        self.name = imap_folder_name(config)
        self._config = config
        self._senders = senders
        self._limits = limits or ImapLimits()
        self._tls_context = tls_context

    def read(self, bookmark: str | None, now: datetime) -> Reading:
        """Read the mails that came since. See `sources.source.Source`."""
        reading = ImapReading(self._config, self._limits, Gathering(self.name, self._senders), bookmark, now)
        try:
            secret = self._secret()
            context = self._tls_context or system_authorities()
        except (PedigreedError, OSError) as error:
            return reading.ended(str(error))
        problem = ""
        for _ in range(_MOST_CONNECTIONS):
            problem = reading.go_on(context, secret)
            if not problem or not reading.may_go_on:
                break
        ended = reading.ended(problem)
        return replace(
            ended,
            problems=tuple(redacted(problem, self._config, secret) for problem in ended.problems),
            warnings=tuple(redacted(warning, self._config, secret) for warning in ended.warnings),
        )

    def look(self) -> tuple[str, ...]:
        """Log in, open the folder to be read, and leave. What the server can do.

        Raises `UpstreamUnavailable` in words that have no secret in them.
        """
        reading = ImapReading(
            self._config, self._limits, Gathering(self.name, self._senders), None, datetime.now(UTC)
        )
        try:
            secret = self._secret()
            context = self._tls_context or system_authorities()
        except (PedigreedError, OSError) as error:
            raise UpstreamUnavailable(str(error)) from None
        try:
            return reading.look(context, secret)
        except UpstreamUnavailable as error:
            raise UpstreamUnavailable(redacted(str(error), self._config, secret)) from None

    def _secret(self) -> str:
        """The password, or an access token. Raises `PedigreedError`, and blocks while the token's command runs."""
        if self._config.token_command:
            return asyncio.run(access_token(self._config.token_command))
        assert self._config.password, "the configuration has one of them"
        return self._config.password.reveal()


_LARGEST_UID = 2**32 - 1
"""RFC 3501, 9."""

_MOST_FAILURES = 5
"""In a row: then the server is at fault, not the mails."""


class ImapReading:
    """One reading, over one connection or several where a mail breaks them."""

    def __init__(
        self, config: ImapMailbox, limits: ImapLimits, gathering: Gathering, bookmark: str | None, now: datetime
    ) -> None:
        self._config = config
        self._limits = limits
        self._gathering = gathering
        self._bookmark = bookmark
        self._since = (now - FIRST).date()
        self._ends_at = time.monotonic() + limits.total
        self._mailbox = f"{config.username}@{config.host}:{config.port}/{config.folder}"
        known = ImapPlace.of(bookmark)
        self._known = known if known and known.mailbox == self._mailbox else None
        self._progress: Progress | None = None
        self._failures = 0
        self._last_failure = ""
        self._has_read_all = False
        self.may_go_on = False

    def go_on(self, context: ssl.SSLContext, secret: str) -> str:
        """Connect and read. What went wrong, in words; empty where it ended as it should.

        Args:
            context: whom to trust.
            secret: the password, or an access token where the configuration has a command for it.
        """
        self.may_go_on = False
        try:
            with self._opened(context, secret) as client:
                self._read(client)
                with suppress(imaplib.IMAP4.error, ImapToolsError, OSError):
                    client.logout()
        except Exception as error:  # noqa: BLE001  # imaplib raises whatever an answer that is no IMAP leads it to
            problem = in_words(error, self._config.host)
            if self._progress and time.monotonic() >= self._ends_at:
                self._progress.leave()
            elif self._progress and self._progress.trying is not None:
                self._tell_failure(self._progress.trying, b"", problem)
                self.may_go_on = self._failures < _MOST_FAILURES
            return problem
        return ""

    def look(self, context: ssl.SSLContext, secret: str) -> tuple[str, ...]:
        """Log in and open the folder. What the server can do; raises `UpstreamUnavailable`."""
        try:
            with self._opened(context, secret) as client:
                return tuple(client.client.capabilities)
        except Exception as error:  # noqa: BLE001  # as in go_on()
            raise UpstreamUnavailable(in_words(error, self._config.host)) from None

    def ended(self, problem: str) -> Reading:
        """What was read."""
        has_read = self._progress and (self._progress.has_begun or self._has_read_all)
        bookmark = self._progress.place().written() if self._progress and has_read else self._bookmark
        problems = [problem] if problem else []
        if self._progress and self._progress.again:
            count = len(self._progress.again)
            mails = (
                "1 mail was not handed out, and is"
                if count == 1
                else f"{count} mails were not handed out, and are"
            )
            problems.append(f"{mails} asked for again{self._last_failure}")
        return self._gathering.reading(bookmark, is_complete=self._has_read_all, problems=tuple(problems))

    @contextmanager
    def _opened(self, context: ssl.SSLContext, secret: str) -> Iterator[ImapClient]:
        """A connection that is logged in and has the folder open to be read. Its socket is closed in the end."""
        connection = ImapConnection(self._config, self._limits, context, self._ends_at)
        try:
            client = ImapClient(connection)
            self._log_in(client, secret)
            introduce(client)
            self._open_folder(client)
            yield client
        finally:
            connection.shutdown()

    def _log_in(self, client: ImapClient, secret: str) -> None:
        try:
            if self._config.token_command:
                say_token(client, self._config, secret)
            elif "AUTH=PLAIN" in client.client.capabilities:
                # AUTHENTICATE takes every character, LOGIN takes ASCII.
                client.login_utf8(self._config.username, secret, initial_folder=None)
            else:
                client.login(self._config.username, secret, initial_folder=None)
        except imaplib.IMAP4.abort:
            raise
        except MailboxLoginError as error:
            raise self._refused_login(said(error.command_result[1])) from None
        except imaplib.IMAP4.error as error:
            raise self._refused_login(str(error)) from None
        except UnicodeError:
            raise self._refused_login("the name or the password has letters that can't be said to it") from None

    def _refused_login(self, why: str) -> UpstreamUnavailable:
        return UpstreamUnavailable(f"{self._config.host} refuses the login of {self._config.username}: {why}")

    def _open_folder(self, client: ImapClient) -> None:
        try:
            client.folder.set(self._config.folder, readonly=True)
        except MailboxFolderSelectError as error:
            why = said(error.command_result[1])
            raise UpstreamUnavailable(
                f"the folder {self._config.folder} on {self._config.host} can't be opened: {why}"
            ) from None
        _, [validity, *_] = client.client.response("UIDVALIDITY")
        said_validity = validity.decode("ascii", "replace")[:20] if isinstance(validity, bytes) else ""
        if self._progress is None or self._progress.validity != said_validity:
            known = self._known if self._known and self._known.validity == said_validity else None
            self._progress = Progress(self._mailbox, said_validity, known)

    def _read(self, client: ImapClient) -> None:
        progress = self._progress
        assert progress
        new, is_all = self._new(client, progress.uid)
        for uid in progress.left_of(new):
            if self._gathering.is_full:
                return
            progress.begin(uid)
            try:
                self._take(client, uid)
            except NotHandedOut as error:
                self._tell_failure(uid, naming_header(client, uid), str(error))
                if self._failures >= _MOST_FAILURES:
                    progress.go_back()
                    raise UpstreamUnavailable(f"{self._config.host} hands out no mails: {error}") from None
            else:
                progress.done()
                self._failures = 0
        self._has_read_all = is_all and not progress.is_full

    def _new(self, client: ImapClient, last: int) -> tuple[list[int], bool]:
        """The next UIDs, the smallest first, and whether these are all."""
        criteria = AND(uid=U(str(last + 1), "*")) if last else AND(date_gte=self._since)
        # The last mail is in N:* whatever N is.
        new = sorted(uid for uid in uids_of(client, str(criteria)) if last < uid <= _LARGEST_UID)
        return (new[:MOST_MAILS], len(new) <= MOST_MAILS) if last else (new[-MOST_MAILS:], True)

    def _take(self, client: ImapClient, uid: int) -> None:
        size = size_of(client, uid)
        if size is not None and size > LARGEST_MAIL:
            reason = f"has {size:,} bytes, and was not read"
            self._gathering.pass_over(naming_header(client, uid), f"UID {uid}", reason)
            return
        content = section(client, uid, WHOLE)
        if content or (content is not None and not size):
            self._gathering.take(content, f"UID {uid}")
        elif size is not None:
            raise NotHandedOut("the server has the mail, and gives nothing of it")

    def _tell_failure(self, uid: int, header: bytes, reason: str) -> None:
        self._failures += 1
        if self._progress:
            self._progress.failed()
        self._last_failure = f"; UID {uid}: {reason}"
        self._gathering.pass_over(header, f"UID {uid}", f"could not be fetched, and is asked for again: {reason}")
