"""A rendered digest on its way to one destination."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """Bytes for one destination, rendered once and kept.

    Attributes:
        message_id: derived from digest and destination, so a repeat carries the same, without angle brackets.
        channel: the channel's name in the configuration.
        recipient: an address for a channel that has recipients; empty otherwise.
        sender: the envelope's sender for e-mail; empty otherwise.
        subject: one line, for lists and logs.
        content: what is handed over: an RFC 5322 message with CRLF line ends, or JSON for Slack and webhooks.
    """

    message_id: str
    channel: str
    recipient: str
    sender: str
    subject: str
    content: bytes
