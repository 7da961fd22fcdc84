"""Where a digest goes: a message for each destination of its subscription."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.config.settings import ChannelDestination, EmailDestination, WebhookChannel
from pedigreed.delivery.messages import build_message

if TYPE_CHECKING:
    from datetime import datetime

    from pedigreed.config.settings import Config, Subscription
    from pedigreed.model.digest import RenderedDigest
    from pedigreed.model.message import Message


def messages_of(
    rendered: RenderedDigest, subscription: Subscription, config: Config, now: datetime
) -> tuple[Message, ...]:
    """A message for each destination of a subscription, each destination once."""
    return tuple(
        build_message(
            rendered,
            config.channels[channel],
            channel=channel,
            recipient=recipient,
            now=now,
            operator=operator_address(config) or "",
        )
        for channel, recipient in destinations_of(subscription)
    )


def destinations_of(subscription: Subscription) -> tuple[tuple[str, str], ...]:
    """Each destination once: a channel, and an address where the channel has recipients."""
    destinations: dict[tuple[str, str], None] = {}
    for destination in subscription.deliver:
        if isinstance(destination, EmailDestination):
            destinations.update({("email", address): None for address in destination.addresses})
        elif isinstance(destination, ChannelDestination):
            destinations[destination.channel, ""] = None
    return tuple(destinations)


def feeds_a_program(subscription: Subscription, config: Config) -> bool:
    channels = [entry.channel for entry in subscription.deliver if isinstance(entry, ChannelDestination)]
    return any(isinstance(config.channels[channel], WebhookChannel) for channel in channels)


def operator_address(config: Config) -> str | None:
    operator = config.operator
    return operator.addresses[0] if isinstance(operator, EmailDestination) else None
