"""Where a digest goes: a message for each destination of its subscription."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.config.settings import ChannelDestination, EmailDestination, WebhookChannel
from pedigreed.delivery.messages import build_message

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from pedigreed.config.settings import Config, Destination, Subscription
    from pedigreed.model.delivery import Message
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


def feeds_a_program(subscription: Subscription, config: Config) -> bool:
    channels = [entry.channel for entry in subscription.deliver if isinstance(entry, ChannelDestination)]
    return any(isinstance(config.channels[channel], WebhookChannel) for channel in channels)


def operator_address(config: Config) -> str | None:
    operator = config.operator
    return operator.addresses[0] if isinstance(operator, EmailDestination) else None
