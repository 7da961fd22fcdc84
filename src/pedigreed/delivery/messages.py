"""From a rendered digest to the messages that go to its destinations: a mail, JSON or text, by the channel."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from pedigreed.config.address import Sender
from pedigreed.config.channels import (
    AppriseChannel,
    CommandChannel,
    EmailChannel,
    FeedChannel,
    FolderChannel,
    Form,
    MaildirChannel,
    SlackChannel,
    WebhookChannel,
)
from pedigreed.config.settings import EmailDestination
from pedigreed.delivery.digest_mail import LONGEST_SUBJECT, NO_SENDER, build_mail, identity_of, text_alone
from pedigreed.delivery.slack import slack_payload, without_blocks
from pedigreed.delivery.webhook import webhook_document
from pedigreed.model.delivery import Message
from pedigreed.model.printable import short_line

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from pedigreed.config.channels import Channel
    from pedigreed.config.settings import Config, Destination, Subscription
    from pedigreed.model.digest import RenderedDigest


Place = tuple[str, str]
"""A channel's name, and a recipient; the recipient is empty for a channel without any."""


def destinations_of(configured: Iterable[Destination]) -> tuple[Place, ...]:
    """Each place once, in the order of the configuration."""
    places: dict[Place, None] = {}
    for destination in configured:
        if isinstance(destination, EmailDestination):
            places.update({("email", address): None for address in destination.addresses})
        else:
            places[destination.channel, ""] = None
    return tuple(places)


def messages_of(
    rendered: RenderedDigest, subscription: Subscription, config: Config, now: datetime
) -> tuple[Message, ...]:
    """A message for each destination of a subscription, each destination once."""
    return messages_to(destinations_of(subscription.deliver), rendered, config, now)


def messages_to(
    places: Iterable[Place], rendered: RenderedDigest, config: Config, now: datetime
) -> tuple[Message, ...]:
    """A message for each place."""
    return tuple(
        build_message(
            rendered,
            config.channels[channel],
            channel=channel,
            recipient=recipient,
            now=now,
            operator=operator_address(config) or "",
        )
        for channel, recipient in places
    )


def form_of(channel: Channel) -> Form | None:
    """What a channel hands over of a digest; None for Slack, which has blocks of its own."""
    match channel:
        case EmailChannel() | MaildirChannel() | FolderChannel() | FeedChannel():
            return Form.MAIL
        case WebhookChannel():
            return Form.JSON
        case CommandChannel():
            return channel.form
        case AppriseChannel():
            return Form.TEXT
        case SlackChannel():
            return None


def forms_of(subscription: Subscription, config: Config) -> frozenset[Form | None]:
    """What a subscription's channels hand over."""
    return frozenset(form_of(config.channels[channel]) for channel, _ in destinations_of(subscription.deliver))


def operator_address(config: Config) -> str | None:
    return next((each.addresses[0] for each in config.operator if isinstance(each, EmailDestination)), None)


def operator_places(config: Config, failing: Collection[str]) -> tuple[Place, ...]:
    """Where the operator is told, and a chat or webhook beside it where all of that is itself in trouble.

    Args:
        config: says who the operator is, and which channels there are.
        failing: the names of channels and the addresses that take nothing.
    """
    places = destinations_of(config.operator)
    if not places or any(not {channel, recipient} & set(failing) for channel, recipient in places):
        return places
    others = (
        (name, "")
        for kind in (SlackChannel, WebhookChannel)
        for name, settings in config.channels.items()
        if isinstance(settings, kind) and name not in failing
    )
    return (*places, *islice(others, 1))


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
    match form_of(settings):
        case Form.MAIL:
            if isinstance(settings, FeedChannel):
                # A reader of the feed gets no attachments, and has a page of its own.
                text = rendered.text_without_files or rendered.text
                rendered = replace(rendered, text=text, html="", attachments=())
            sender = settings.sender if isinstance(settings, EmailChannel) else None
            if isinstance(settings, CommandChannel) and settings.to:
                # A mail to oneself: this machine's mail system may refuse a sender that it does not know.
                recipient, sender = settings.to, Sender("pedigreed", settings.to)
            return build_mail(
                rendered, channel=channel, sender=sender, recipient=recipient, now=now, operator=operator
            )
        case Form.TEXT:
            text = rendered.text_without_files or rendered.text
            return _posted(rendered, channel, f"{rendered.subject}\n\n{text}".encode("utf-8", "replace"))
        case Form.JSON:
            return _posted(rendered, channel, rendered.document or webhook_document(rendered))
        case None:
            return _posted(rendered, channel, rendered.slack or slack_payload(rendered))


def lighter_form(message: Message, reason: str) -> Message | None:
    """The same news with less beside it, for a destination that refuses the form of a message, such as its size.

    A mail goes with its text alone, a Slack message without its blocks. The identity stays, so that it is the same
    message to its reader. Equal arguments give equal bytes.

    Args:
        message: as it was refused.
        reason: why; the lighter form tells it.

    Returns:
        None where there is nothing to leave out.
    """
    try:
        is_json = message.content.startswith(b"{")
        content = without_blocks(message.content, reason) if is_json else text_alone(message.content, reason)
    except (ValueError, RecursionError):
        return None  # no JSON that was written here
    return replace(message, content=content) if content else None


def _posted(rendered: RenderedDigest, channel: str, content: bytes) -> Message:
    domain = NO_SENDER.address.rpartition("@")[2]
    return Message(
        message_id=f"{identity_of(rendered, channel, '')}@{domain}",
        channel=channel,
        recipient="",
        sender="",
        subject=short_line(rendered.subject, LONGEST_SUBJECT),
        content=content,
    )
