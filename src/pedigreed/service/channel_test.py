"""A test of a channel: one short message, sent now and not through the outbox."""

from __future__ import annotations

import asyncio
import textwrap
from typing import TYPE_CHECKING
from uuid import uuid4

from pedigreed.delivery.channels import open_channels
from pedigreed.delivery.messages import build_message, operator_address
from pedigreed.digests.subject import LONGEST_SUBJECT, MARK
from pedigreed.digests.wording import clipped
from pedigreed.model.digest import RenderedDigest

if TYPE_CHECKING:
    from datetime import datetime

    from pedigreed.config.settings import Config
    from pedigreed.delivery.channels import Channel
    from pedigreed.model.delivery import Message, Outcome

_WIDTH = 78
_NAME = "send-test"
"""What stands where a digest has its subscription. It has no digest, and each test is a new one."""


def trial_message(
    config: Config, channel: str, recipient: str, *, configuration: str, host: str, now: datetime
) -> Message:
    """The message for a channel of the configuration.

    Args:
        config: the configuration.
        channel: its name.
        recipient: an address for e-mail; empty otherwise.
        configuration: the configuration file's name.
        host: the name of the machine that sends it.
        now: UTC.
    """
    what = textwrap.fill(
        f"This is a test of the channel {channel} of pedigreed, which watches JWST data in the MAST archive. "
        "It was sent by hand. That you read it shows that digests can arrive here. Nothing needs to be done.",
        _WIDTH,
    )
    return build_message(
        RenderedDigest(
            digest_id=uuid4().hex,
            subscription=_NAME,
            subject=clipped(f"{MARK}a test of channel {channel}", LONGEST_SUBJECT),
            text=f"{what}\n\nsent            {now:%Y-%m-%d %H:%M:%S}Z\nfrom            {host}\n"
            f"configuration   {configuration}\n",
            attachments=(),
        ),
        config.channels[channel],
        channel=channel,
        recipient=recipient,
        now=now,
        operator=operator_address(config) or "",
    )


def send_trial(config: Config, message: Message) -> Outcome:
    """Hand it over by the channel that it is for, once."""
    name = message.channel
    return asyncio.run(_send(open_channels({name: config.channels[name]})[name], message))


async def _send(channel: Channel, message: Message) -> Outcome:
    try:
        return await channel.send(message)
    finally:
        await channel.close()
