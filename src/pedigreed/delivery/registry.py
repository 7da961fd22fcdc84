"""From the configured channels to the ones that send: a line for each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.config.channels import EmailChannel as EmailSettings
from pedigreed.config.channels import FolderChannel as FolderSettings
from pedigreed.config.channels import MaildirChannel as MaildirSettings
from pedigreed.config.channels import SlackChannel as SlackSettings
from pedigreed.delivery.folder import FolderChannel
from pedigreed.delivery.maildir import MaildirChannel
from pedigreed.delivery.smtp import SmtpChannel
from pedigreed.model.failure import ConfigurationInvalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pedigreed.config.channels import Channel as ChannelSettings
    from pedigreed.delivery.channel import Channel


def open_channels(configured: Mapping[str, ChannelSettings]) -> dict[str, Channel]:
    """The channels by name. Nothing is connected to, and no secret is read, before something is sent.

    Raises:
        ConfigurationInvalid: a kind of channel that nothing can be sent through.
    """
    return {name: _opened(name, settings) for name, settings in configured.items()}


def _opened(name: str, settings: ChannelSettings) -> Channel:
    match settings:
        case EmailSettings():
            return _smtp(settings)
        case MaildirSettings():
            return MaildirChannel(settings.path)
        case FolderSettings():
            return FolderChannel(settings.path)
        case SlackSettings():
            raise ConfigurationInvalid(f"channels: {name}: this version does not send to Slack, take it out")


def _smtp(settings: EmailSettings) -> SmtpChannel:
    return SmtpChannel(
        settings.host,
        settings.port,
        settings.security,
        username=settings.username,
        password=settings.password.reveal if settings.password else None,
        timeout=settings.timeout.total_seconds(),
    )
