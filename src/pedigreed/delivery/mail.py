"""A rendered digest as a mail to one recipient, and that mail again with its text alone."""

from __future__ import annotations

import hashlib
import html
import re
import textwrap
from datetime import UTC
from email import message_from_bytes
from email.errors import MessageError
from email.utils import format_datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from pedigreed.config.address import Sender, parse_address
from pedigreed.delivery.line import one_line
from pedigreed.delivery.mime import (
    BOUNDARY_START,
    POLICY,
    alternative_part,
    attachment_part,
    mixed_bytes,
    named_field,
    phrase_field,
    text_part,
    token_field,
)
from pedigreed.model.delivery import Message
from pedigreed.model.failure import Unreadable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from email.message import Message as MimeMessage

    from pedigreed.model.digest import RenderedDigest

NO_SENDER = Sender("pedigreed", "pedigreed@pedigreed.invalid")
"""For what is only written to disk: the domain that never exists (RFC 2606)."""

LONGEST_SUBJECT = 200
_LONGEST_NAME = 60
_LONGEST_REASON = 200
_WIDTH = 78

_A_KILOBYTE, _A_MEGABYTE = 1_000, 999_500
"""The smallest that are told in these units, rounded."""

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{subject}</title>
</head>
<body style="margin:0;padding:12px">
<pre style="margin:0;overflow-x:auto;{font};font-size:13px;line-height:1.45">
{text}</pre>
</body>
</html>
"""
_FONT = "font-family:ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace"


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
    forms = [text_part(rendered.text), text_part(rendered.html or _page_of_text(rendered), "html")]
    parts = [alternative_part(forms, f"forms-{identity}"), *map(attachment_part, rendered.attachments)]
    return Message(
        message_id=message_id,
        channel=channel,
        recipient=recipient,
        sender=address if recipient else "",
        subject=subject,
        content=mixed_bytes(fields, parts, boundary=identity),
    )


def text_alone(content: bytes, reason: str) -> bytes | None:
    """The mail without its page and its attachments, for a server that finds it too large.

    The bytes of its header stay, so that it is the same mail to its reader. A paragraph at its end says what was
    left out. Equal arguments give equal bytes.

    Args:
        content: a mail that was built here.
        reason: what the server said; it is told in the paragraph.

    Returns:
        None where the mail has its text alone, or where it was not built here.
    """
    header, blank, _ = content.partition(b"\r\n\r\n")
    try:
        mail: MimeMessage = message_from_bytes(content, policy=POLICY)
        leaves = [part for part in mail.walk() if not part.is_multipart()]
        texts = [part for part in leaves if part.get_content_type() == "text/plain" and not _is_attachment(part)]
        boundary = mail.get_boundary() or ""
        is_built_here = mail.get_content_type() == "multipart/mixed" and boundary.startswith(BOUNDARY_START)
        is_sound = content.isascii() and blank and not any(part.defects for part in mail.walk())
        if not (is_built_here and is_sound and texts) or len(leaves) == 1:
            return None
        text = _bytes_of(texts[0]).decode(texts[0].get_content_charset("utf-8"))
    except (MessageError, LookupError, ValueError, TypeError, RecursionError):
        return None
    told = _told_of_what_is_left_out([part for part in leaves if part is not texts[0]], reason)
    part = text_part(_with_paragraph(text.replace("\r\n", "\n"), told)).as_bytes(policy=POLICY)
    line = f"\r\n--{boundary}".encode("ascii")
    return header + b"\r\n" + line + b"\r\n" + part + line + b"--\r\n"


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


def _page_of_text(rendered: RenderedDigest) -> str:
    """The text in its columns as HTML: some readers show a text alone in letters of different widths.

    It names no colour, so that a reader's own are used.
    """
    return _PAGE.format(subject=html.escape(rendered.subject), font=_FONT, text=html.escape(rendered.text))


def _told_of_what_is_left_out(parts: Sequence[MimeMessage], reason: str) -> str:
    """One line: what else was in the mail, and why it is not there."""
    attached = [
        f"{one_line(part.get_filename('attachment'))} ({_size_of(part)})" for part in parts if _is_attachment(part)
    ]
    what = ", ".join((*(["the page"] if len(attached) < len(parts) else []), *attached))
    why = one_line(reason, _LONGEST_REASON)
    return f"Left out, because the mail server would not take a message so large: {what}." + (
        f" The reason it gave: {why}" if why else ""
    )


def _with_paragraph(text: str, told: str) -> str:
    """The text with a paragraph at its end. The digest's own line on its attachments would claim them."""
    text = text.replace("\nAttached: ", "\nLeft out: ")
    paragraph = textwrap.fill(told, _WIDTH, break_long_words=False, break_on_hyphens=False)
    between = "\n" if text.endswith("\n") else "\n\n"
    return f"{text}{between if text else ''}{paragraph}\n"


def _is_attachment(part: MimeMessage) -> bool:
    return part.get_content_disposition() == "attachment"


def _bytes_of(part: MimeMessage) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _size_of(part: MimeMessage) -> str:
    size = len(_bytes_of(part))
    if size >= _A_MEGABYTE:
        return f"{size / 1e6:.1f} MB"
    if size >= _A_KILOBYTE:
        return f"{size / 1e3:.0f} kB"
    return "1 byte" if size == 1 else f"{size} bytes"
