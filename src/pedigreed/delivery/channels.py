"""What a channel is, the way to one kind of destination, and which kinds there are."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

from pedigreed.config.channels import SENDMAIL, STDOUT
from pedigreed.config.channels import AppriseChannel as AppriseSettings
from pedigreed.config.channels import CommandChannel as CommandSettings
from pedigreed.config.channels import EmailChannel as EmailSettings
from pedigreed.config.channels import FeedChannel as FeedSettings
from pedigreed.config.channels import FolderChannel as FolderSettings
from pedigreed.config.channels import MaildirChannel as MaildirSettings
from pedigreed.config.channels import SlackChannel as SlackSettings
from pedigreed.config.channels import WebhookChannel as WebhookSettings
from pedigreed.delivery.apprise import AppriseChannel
from pedigreed.delivery.command import CommandChannel, StdoutChannel, sendmail
from pedigreed.delivery.feed import FeedChannel
from pedigreed.delivery.folder import FolderChannel, MaildirChannel
from pedigreed.delivery.slack import SlackChannel
from pedigreed.delivery.smtp import SmtpChannel
from pedigreed.delivery.webhook import WebhookChannel
from pedigreed.net.access_token import access_token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pedigreed.config.channels import Channel as ChannelSettings
    from pedigreed.model.delivery import Message, Outcome


class Channel(Protocol):
    """Hands messages over, one at a time.

    The channel classifies what happened, and the outbox decides what follows.
    A destination that fails is an outcome, never an exception.
    """

    async def send(self, message: Message) -> Outcome:
        """Try once. The outcome's reason is one line, without secrets."""
        ...

    async def close(self) -> None:
        """Let go of what the channel holds, such as open connections. It may send again afterwards."""
        ...


def open_channels(configured: Mapping[str, ChannelSettings]) -> dict[str, Channel]:
    """The channels by name. Nothing is connected to, and no secret is read, before something is sent."""
    return {name: _opened(settings) for name, settings in configured.items()}


def _opened(settings: ChannelSettings) -> Channel:  # noqa: PLR0911  # one for each kind
    match settings:
        case EmailSettings():
            return _smtp(settings)
        case SlackSettings():
            return SlackChannel(settings.webhook.reveal)
        case WebhookSettings():
            return WebhookChannel(settings.url.reveal, settings.secret.reveal)
        case AppriseSettings():
            return AppriseChannel(settings.url.reveal)
        case MaildirSettings():
            return MaildirChannel(settings.path)
        case FolderSettings():
            return FolderChannel(settings.path)
        case FeedSettings():
            return FeedChannel(settings.path)
        case CommandSettings():
            return _command(settings)


def _command(settings: CommandSettings) -> Channel:
    if settings.run == STDOUT:
        return StdoutChannel()
    if settings.run == SENDMAIL:
        return sendmail(settings.to or "", settings.timeout)
    return CommandChannel(settings.run, settings.timeout)


def _smtp(settings: EmailSettings) -> SmtpChannel:
    return SmtpChannel(
        settings.host,
        settings.port,
        settings.security,
        username=settings.username,
        password=settings.password.reveal if settings.password else None,
        token=partial(access_token, settings.token_command) if settings.token_command else None,
        timeout=settings.timeout.total_seconds(),
        ehlo=settings.ehlo,
    )
