"""What a configuration names beside MAST and CRDS: the mailbox, feeds, channels, folders and the store.

Nothing is changed by looking: no mail is marked as read, and no message is sent unless it is asked for.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pedigreed.config.address import parse_secret_url
from pedigreed.config.channels import (
    SENDMAIL,
    STDOUT,
    AppriseChannel,
    CommandChannel,
    EmailChannel,
    FeedChannel,
    FolderChannel,
    MaildirChannel,
    SlackChannel,
    WebhookChannel,
)
from pedigreed.delivery.channels import open_channels
from pedigreed.delivery.command import sendmail_program
from pedigreed.delivery.smtp import SmtpChannel
from pedigreed.doctor.assumption import Assumption
from pedigreed.doctor.control import AGENT
from pedigreed.model.delivery import Sent
from pedigreed.model.failure import PedigreedError
from pedigreed.net.breakage import what_broke
from pedigreed.sources.feeds.feed_source import FeedSource
from pedigreed.sources.mailbox.imap import ImapSource
from pedigreed.sources.mailbox.open_mailbox import open_mailbox
from pedigreed.sources.source import feed_name, mailbox_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from pedigreed.config.channels import Channel
    from pedigreed.config.settings import Config
    from pedigreed.doctor.assumption import Finding
    from pedigreed.model.delivery import Outcome
    from pedigreed.store.database import Store

MAILBOX = Assumption(
    "mailbox",
    "it can be logged in to, and its folder opened to be read",
    "",
    "what lists announce by mail is not told",
)
FEED = Assumption(
    "feed",
    "it is there, and each of its entries can be read",
    "",
    "what it announces is told from elsewhere, or not at all",
)
CHANNEL = Assumption(
    "channel",
    "it takes what is sent: a mail server its login, a web address a connection, a folder what is written",
    "",
    "digests wait for three days, and are given up then",
)
MESSAGE = Assumption(
    "message",
    "a test message is taken; sent with --send alone",
    "",
    "digests wait for three days, and are given up then",
)
STORE = Assumption(
    "store",
    "it can be opened, on a disk of this machine that has room",
    "",
    "nothing is asked and nothing is told; `pedigreed status` says why",
)
FOLDER = Assumption(
    "local folder",
    "it can be read",
    "",
    "which files on disk are out of date is not told",
)
OF_AN_INSTALLATION = (MAILBOX, FEED, CHANNEL, MESSAGE, STORE, FOLDER)

_SECONDS = 20.0
_LITTLE_ROOM = 500_000_000
"""Bytes."""


def examine_installation(
    config: Config,
    open_store: Callable[[], Store | None],
    send: Callable[[str], Outcome | None] | None,
    now: datetime,
) -> Iterator[Finding]:
    """Look at everything that a configuration names.

    Args:
        config: the configuration.
        open_store: opens the store; None where there is none yet.
        send: sends a test message by a channel, whose name it gets; None where it has no recipient. None sends
            nothing.
        now: UTC.
    """
    mailbox = config.sources.mailbox
    if mailbox is not None:
        yield _named(_mailbox(config, now), mailbox_name(mailbox).removeprefix("mailbox "))
    for feed in config.sources.crds.feeds:
        reading = FeedSource(feed, AGENT).read(None, now)
        came = "; ".join(reading.problems) or f"{len(reading.announcements):,} entries that are about JWST"
        yield _named(FEED.judged(reading.is_complete, came), feed_name(feed.url))
    for name, channel in config.channels.items():
        yield _named(_channel(channel), name)
        if send is not None:
            yield _named(_sent(name, send), name)
    yield _store(open_store)
    for folder in sorted({str(folder) for each in config.subscriptions for folder in each.local}):
        is_readable = Path(folder).is_dir() and os.access(folder, os.R_OK | os.X_OK)
        yield _named(
            FOLDER.judged(is_readable, "readable" if is_readable else "no folder that can be read"), folder
        )


def _named(finding: Finding, subject: str) -> Finding:
    return replace(finding, subject=subject)


def _mailbox(config: Config, now: datetime) -> Finding:
    mailbox = config.sources.mailbox
    assert mailbox is not None
    source = open_mailbox(mailbox)
    if not isinstance(source, ImapSource):
        reading = source.read(None, now)
        came = "; ".join(reading.problems) or f"readable; {len(reading.announcements):,} mails tell of something"
        return MAILBOX.judged(reading.is_complete, came)
    try:
        capabilities = source.look()
    except PedigreedError as error:
        return MAILBOX.wrong(str(error))
    return MAILBOX.right(
        f"logged in, and its folder opened; the server has {' '.join(capabilities)}"[:200],
        capabilities=[each for each in capabilities if each.startswith(("AUTH=", "IMAP", "ID", "STARTTLS"))],
    )


def _channel(channel: Channel) -> Finding:  # noqa: PLR0911  # one for each kind
    match channel:
        case EmailChannel():
            opened = open_channels({"email": channel})["email"]
            assert isinstance(opened, SmtpChannel)
            refused = asyncio.run(opened.log_in())
            done = "logged in" if channel.username else "greeted, without a login"
            return CHANNEL.judged(refused is None, refused or f"{done} ({channel.security}); nothing was sent")
        case SlackChannel():
            return _connected(channel.webhook.reveal)
        case WebhookChannel():
            return _connected(channel.url.reveal)
        case AppriseChannel():
            return CHANNEL.unknown("only a message tells: --send")
        case MaildirChannel() | FolderChannel():
            return _writable(channel.path)
        case FeedChannel():
            return _writable(channel.path.parent)
        case CommandChannel():
            program = sendmail_program() if channel.run == SENDMAIL else channel.run[0]
            is_there = channel.run == STDOUT or (program is not None and os.access(program, os.X_OK))
            return CHANNEL.judged(is_there, "it is there" if is_there else "no program that can be run")


def _connected(reveal: Callable[[], str]) -> Finding:
    """Whether a connection comes about. Nothing is asked over it, so no message goes."""
    try:
        address = urlsplit(parse_secret_url(reveal()))
        host, is_secured = address.hostname or "", address.scheme == "https"
        with socket.create_connection((host, address.port or (443 if is_secured else 80)), _SECONDS) as plain:
            if is_secured:
                with ssl.create_default_context().wrap_socket(plain, server_hostname=host) as secured:
                    return CHANNEL.right(f"connected, by {secured.version()}; nothing was sent")
    except PedigreedError as error:
        return CHANNEL.wrong(str(error))
    except (OSError, ValueError) as error:
        return CHANNEL.wrong(what_broke(error).words)
    return CHANNEL.right("connected, without TLS; nothing was sent")


def _writable(path: Path) -> Finding:
    there = next(folder for folder in (path, *path.parents) if folder.exists())
    is_writable = there.is_dir() and os.access(there, os.W_OK | os.X_OK)
    came = "can be written" if there == path else "is not there yet, and can be made"
    return CHANNEL.judged(is_writable, came if is_writable else "can't be written")


def _sent(name: str, send: Callable[[str], Outcome | None]) -> Finding:
    try:
        outcome = send(name)
    except PedigreedError as error:
        return MESSAGE.wrong(str(error))
    if outcome is None:
        return MESSAGE.unknown("nobody to send it to: write operator: {email: ADDRESS} into the configuration")
    if isinstance(outcome, Sent):
        return MESSAGE.right("sent")
    return MESSAGE.wrong(outcome.reason)


def _store(open_store: Callable[[], Store | None]) -> Finding:
    try:
        store = open_store()
    except PedigreedError as error:
        return STORE.wrong(str(error))
    if store is None:
        return STORE.right("none yet: the first cycle makes it")
    with store:
        size, free, caution = store.size(), store.free(), store.caution()
    came = ", ".join(
        filter(
            None,
            (
                f"{size / 1e6:,.1f} MB" if size else "opened",
                f"{free / 1e9:,.1f} GB free" if free is not None else "",
                caution or "",
            ),
        )
    )
    is_right = caution is None and (free is None or free >= _LITTLE_ROOM)
    return STORE.judged(is_right, came, bytes=size, free=free)
