"""From a rendered digest to a message, by the kind of channel: a mail, or JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.config.channels import EmailChannel, FolderChannel, MaildirChannel, SlackChannel, WebhookChannel
from pedigreed.delivery.line import one_line
from pedigreed.delivery.mail import LONGEST_SUBJECT, NO_SENDER, build_mail, identity_of
from pedigreed.delivery.plain_json import slack_payload, webhook_document
from pedigreed.model.delivery import Message

if TYPE_CHECKING:
    from datetime import datetime

    from pedigreed.config.channels import Channel
    from pedigreed.model.digest import RenderedDigest


def build_message(
    rendered: RenderedDigest,
    settings: Channel,
    *,
    channel: str,
    recipient: str = "",
    now: datetime,
    operator: str = "",
) -> Message:
    """Write the message for one destination. Equal arguments give equal bytes.

    Args:
        rendered: the digest. One without JSON of its own is sent as its subject and text.
        settings: the channel's.
        channel: its name in the configuration.
        recipient: an address for e-mail; empty otherwise.
        now: a mail's date, with its zone.
        operator: the address that takes questions and stops; empty if there is none.

    Raises:
        Unreadable: an address that is none.
    """
    match settings:
        case EmailChannel() | MaildirChannel() | FolderChannel():
            sender = settings.sender if isinstance(settings, EmailChannel) else None
            return build_mail(
                rendered, channel=channel, sender=sender, recipient=recipient, now=now, operator=operator
            )
        case SlackChannel():
            return _posted(rendered, channel, rendered.slack or slack_payload(rendered))
        case WebhookChannel():
            return _posted(rendered, channel, rendered.document or webhook_document(rendered))


def _posted(rendered: RenderedDigest, channel: str, content: bytes) -> Message:
    domain = NO_SENDER.address.rpartition("@")[2]
    return Message(
        message_id=f"{identity_of(rendered, channel, '')}@{domain}",
        channel=channel,
        recipient="",
        sender="",
        subject=one_line(rendered.subject, LONGEST_SUBJECT),
        content=content,
    )
