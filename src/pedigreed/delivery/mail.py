"""A rendered digest as a mail to one recipient."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC
from email.utils import format_datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from pedigreed.config.address import Sender, parse_address
from pedigreed.delivery.line import one_line
from pedigreed.delivery.mime import (
    alternative_part,
    attachment_part,
    mixed_bytes,
    named_field,
    phrase_field,
    text_part,
    token_field,
)
from pedigreed.delivery.plain_html import html_page
from pedigreed.model.delivery import Message
from pedigreed.model.failure import Unreadable

if TYPE_CHECKING:
    from datetime import datetime

    from pedigreed.model.digest import RenderedDigest

NO_SENDER = Sender("pedigreed", "pedigreed@pedigreed.invalid")
"""For what is only written to disk: the domain that never exists (RFC 2606)."""

LONGEST_SUBJECT = 200
_LONGEST_NAME = 60


def build_mail(
    rendered: RenderedDigest,
    *,
    channel: str,
    sender: Sender | None,
    recipient: str,
    now: datetime,
    operator: str = "",
) -> Message:
    """Write the mail. Equal arguments give equal bytes.

    The Message-ID follows from digest, channel and recipient, at the sender's domain: a repeat carries the same.
    Every mail of a subscription answers one root that was never sent, which makes them a thread.

    Args:
        rendered: the digest.
        channel: the channel's name in the configuration.
        sender: who the mail is from; None for a channel that writes to disk.
        recipient: an address; empty for a channel without recipients.
        now: the mail's date, with its zone.
        operator: the address that takes questions and stops; empty if there is none.

    Raises:
        Unreadable: an address that is none.
    """
    name, address = sender or NO_SENDER
    domain = _checked(address).rpartition("@")[2]
    identity = identity_of(rendered, channel, recipient)
    message_id = f"{identity}@{domain}"
    root = f"<{_digits('thread', rendered.subscription)}.thread@{domain}>"
    subject = one_line(rendered.subject, LONGEST_SUBJECT)
    subscription = one_line(rendered.subscription, _LONGEST_NAME)
    list_id = f"{list_label(rendered.subscription)}.pedigreed.{domain}"
    fields = [
        named_field("From", one_line(name, _LONGEST_NAME), address),
        token_field("To", _checked(recipient) if recipient else "undisclosed-recipients:;"),
        phrase_field("Subject", subject),
        token_field("Date", format_datetime(now.astimezone(UTC))),
        token_field("Message-ID", f"<{message_id}>"),
        token_field("In-Reply-To", root),
        token_field("References", root),
        named_field("List-Id", subscription, list_id),
        token_field("Auto-Submitted", "auto-generated"),
        token_field("X-Auto-Response-Suppress", "All"),
    ]
    if operator:
        fields.append(token_field("List-Unsubscribe", _stop_link(operator, subscription)))
    forms = [text_part(rendered.text), text_part(rendered.html or html_page(rendered), "html")]
    parts = [alternative_part(forms, f"forms-{identity}"), *map(attachment_part, rendered.attachments)]
    return Message(
        message_id=message_id,
        channel=channel,
        recipient=recipient,
        sender=address if recipient else "",
        subject=subject,
        content=mixed_bytes(fields, parts, boundary=identity),
    )


def identity_of(rendered: RenderedDigest, channel: str, recipient: str) -> str:
    """What a message has in common with its repeats alone: 32 hexadecimal digits."""
    return _digits("message", rendered.digest_id, channel, recipient)


def list_label(subscription: str) -> str:
    """A subscription's name as a label of a domain name, different for different names."""
    label = re.sub(r"[^a-z0-9]+", "-", subscription.lower()).strip("-")[:40].strip("-")
    if label and label == subscription:
        return label
    return f"{label or 'subscription'}-{_digits('label', subscription)[:8]}"


def _stop_link(operator: str, subscription: str) -> str:
    address = quote(_checked(operator), safe="@")
    return f"<mailto:{address}?subject={quote(f'unsubscribe {subscription}', safe='')}>"


def _checked(address: str) -> str:
    try:
        return parse_address(address)
    except ValueError as error:
        raise Unreadable(str(error)) from error


def _digits(*said: str) -> str:
    """32 hexadecimal digits that follow from what is said."""
    return hashlib.sha256("\n".join(said).encode("utf-8", "replace")).hexdigest()[:32]
