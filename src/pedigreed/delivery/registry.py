"""From the configured channels to the ones that send: a line for each kind."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pedigreed.config.channels import EmailChannel as EmailSettings
from pedigreed.config.channels import FolderChannel as FolderSettings
from pedigreed.config.channels import MaildirChannel as MaildirSettings
from pedigreed.config.channels import SlackChannel as SlackSettings
from pedigreed.config.channels import WebhookChannel as WebhookSettings
from pedigreed.delivery.access_token import access_token
from pedigreed.delivery.folder import FolderChannel
from pedigreed.delivery.maildir import MaildirChannel
from pedigreed.delivery.slack import SlackChannel
from pedigreed.delivery.smtp import SmtpChannel
from pedigreed.delivery.webhook import WebhookChannel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pedigreed.config.channels import Channel as ChannelSettings
    from pedigreed.delivery.channel import Channel


def open_channels(configured: Mapping[str, ChannelSettings]) -> dict[str, Channel]:
    """The channels by name. Nothing is connected to, and no secret is read, before something is sent."""
    return {name: _opened(settings) for name, settings in configured.items()}


def _opened(settings: ChannelSettings) -> Channel:
    match settings:
        case EmailSettings():
            return _smtp(settings)
        case SlackSettings():
            return SlackChannel(settings.webhook.reveal)
        case WebhookSettings():
            return WebhookChannel(settings.url.reveal, settings.secret.reveal)
        case MaildirSettings():
            return MaildirChannel(settings.path)
        case FolderSettings():
            return FolderChannel(settings.path)


def _smtp(settings: EmailSettings) -> SmtpChannel:
    return SmtpChannel(
        settings.host,
        settings.port,
        settings.security,
        username=settings.username,
        password=settings.password.reveal if settings.password else None,
        token=partial(access_token, settings.token_command) if settings.token_command else None,
        timeout=settings.timeout.total_seconds(),
    )
