"""A rendered digest as a mail to one recipient, and that mail again with its text alone.

Its parts are in a form that every server passes on unchanged: ASCII, and no line too long. The classic header
classes write the headers: the newer ones lose characters when they fold a long line. Nothing here is random, so
equal inputs give equal bytes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import html
import re
import textwrap
from datetime import UTC
from email import message_from_bytes
from email.errors import MessageError
from email.header import Header
from email.message import Message as MimeMessage
from email.policy import compat32
from email.utils import format_datetime, formataddr
from typing import TYPE_CHECKING
from urllib.parse import quote

from pedigreed.config.address import Sender, parse_address
from pedigreed.model.delivery import Message
from pedigreed.model.failure import Unreadable
from pedigreed.model.printable import short_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pedigreed.model.digest import Attachment, RenderedDigest

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

_POLICY = compat32.clone(linesep="\r\n", mangle_from_=False, max_line_length=76)
"""A line of a header that has encoded words is no longer than that (RFC 2047, 2)."""

_Field = tuple[str, Header]
"""A header's name and value."""

_BOUNDARY_START = "=_"
"""Neither base64 nor quoted-printable can produce it (RFC 2045, 6.7)."""

_LONGEST_LINE = 998
_LONGEST_WORD = 60
_READABLE_AS_IT_IS = re.compile(r"[\t\n\x20-\x7e]*")
_MEDIA_TYPE = re.compile(
    r"(?!multipart/|message/)[a-z0-9][\w.+-]*/[a-z0-9][\w.+-]*(?:; ?[a-z]+=[\w.-]+)*", re.ASCII
)
_ESCAPED = re.compile(r'["\\]')
"""A name in quotes has a backslash before these, and a line may be folded between the two."""

_NO_FILENAME = re.compile(r'[/\\"]')
_LONGEST_FILENAME = 120


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
    subject = short_line(rendered.subject, LONGEST_SUBJECT)
    subscription = short_line(rendered.subscription, _LONGEST_NAME)
    list_id = f"{list_label(rendered.subscription)}.pedigreed.{domain}"
    fields = [
        _named_field("From", short_line(name, _LONGEST_NAME), address),
        _token_field("To", _checked(recipient) if recipient else "undisclosed-recipients:;"),
        _phrase_field("Subject", subject),
        _token_field("Date", format_datetime(now.astimezone(UTC))),
        _token_field("Message-ID", f"<{message_id}>"),
        _token_field("In-Reply-To", root),
        _token_field("References", root),
        _named_field("List-Id", subscription, list_id),
        _token_field("Auto-Submitted", "auto-generated"),
        _token_field("X-Auto-Response-Suppress", "All"),
    ]
    if operator:
        fields.append(_token_field("List-Unsubscribe", _stop_link(operator, subscription)))
    forms = [_text_part(rendered.text), _text_part(rendered.html or _page_of_text(rendered), "html")]
    parts = [_alternative_part(forms, f"forms-{identity}"), *map(_attachment_part, rendered.attachments)]
    return Message(
        message_id=message_id,
        channel=channel,
        recipient=recipient,
        sender=address if recipient else "",
        subject=subject,
        content=_mixed_bytes(fields, parts, boundary=identity),
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
        mail: MimeMessage = message_from_bytes(content, policy=_POLICY)
        leaves = [part for part in mail.walk() if not part.is_multipart()]
        texts = [part for part in leaves if part.get_content_type() == "text/plain" and not _is_attachment(part)]
        boundary = mail.get_boundary() or ""
        is_built_here = mail.get_content_type() == "multipart/mixed" and boundary.startswith(_BOUNDARY_START)
        is_sound = content.isascii() and blank and not any(part.defects for part in mail.walk())
        if not (is_built_here and is_sound and texts) or len(leaves) == 1:
            return None
        text = _bytes_of(texts[0]).decode(texts[0].get_content_charset("utf-8"))
    except (MessageError, LookupError, ValueError, TypeError, RecursionError):
        return None
    note = _what_is_left_out([part for part in leaves if part is not texts[0]], reason)
    part = _text_part(_with_paragraph(text.replace("\r\n", "\n"), note)).as_bytes(policy=_POLICY)
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


def _what_is_left_out(parts: Sequence[MimeMessage], reason: str) -> str:
    """One line: what else was in the mail, and why it is not there."""
    attached = [
        f"{short_line(part.get_filename('attachment'))} ({_size_of(part)})"
        for part in parts
        if _is_attachment(part)
    ]
    what = ", ".join((*(["the page"] if len(attached) < len(parts) else []), *attached))
    why = short_line(reason, _LONGEST_REASON)
    return f"Left out, because the mail server would not take a message so large: {what}." + (
        f" The reason it gave: {why}" if why else ""
    )


def _with_paragraph(text: str, note: str) -> str:
    """The text with a paragraph at its end. The digest's own line on its attachments would claim them."""
    text = text.replace("\nAttached: ", "\nLeft out: ")
    paragraph = textwrap.fill(note, _WIDTH, break_long_words=False, break_on_hyphens=False)
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


class _OneLine(Header):
    """A header's value that is never folded: some readers lose an identifier on a line of its own."""

    def encode(self, splitchars: str = ";, \t", maxlinelen: int | None = None, linesep: str = "\n") -> str:
        del maxlinelen
        return super().encode(splitchars, _LONGEST_LINE, linesep)


def _token_field(field: str, token: str) -> _Field:
    """A date, an identifier or a link. `token` is ASCII."""
    return field, _OneLine(token, header_name=field)


def _phrase_field(field: str, text: str) -> _Field:
    """One line of any characters."""
    charset = "us-ascii" if _can_stand_plain(text) else "utf-8"
    return field, Header(text, charset, header_name=field)


def _named_field(field: str, name: str, bracketed: str) -> _Field:
    """``name <bracketed>``, or without a name the brackets alone. `bracketed` is ASCII."""
    if not name:
        return _token_field(field, f"<{bracketed}>")
    if _can_stand_plain(name) and not _ESCAPED.search(name):
        return field, Header(formataddr((name, bracketed)), header_name=field)
    value = Header(name, "utf-8", header_name=field)
    value.append(f"<{bracketed}>", "us-ascii")
    return field, value


def _text_part(text: str, subtype: str = "plain") -> MimeMessage:
    """Text or HTML, LF line ends. It stays readable in a raw view where it is ASCII."""
    part = MimeMessage(policy=_POLICY)
    part["Content-Type"] = f"text/{subtype}; charset=utf-8"
    if _is_readable_as_it_is(text):
        part["Content-Transfer-Encoding"] = "7bit"
        part.set_payload(text)
    else:
        part["Content-Transfer-Encoding"] = "quoted-printable"
        part.set_payload(_quoted_printable(text))
    return part


def _attachment_part(attachment: Attachment) -> MimeMessage:
    """A file, its bytes kept."""
    part = MimeMessage(policy=_POLICY)
    known = _MEDIA_TYPE.fullmatch(attachment.media_type.lower())
    part["Content-Type"] = attachment.media_type if known else "application/octet-stream"
    part["Content-Transfer-Encoding"] = "base64"
    filename = _NO_FILENAME.sub("_", short_line(attachment.filename, _LONGEST_FILENAME)) or "attachment"
    part.add_header(
        "Content-Disposition",
        "attachment",
        filename=filename if _can_stand_plain(filename) else ("utf-8", "", filename),
    )
    part.set_payload(base64.encodebytes(attachment.content).decode("ascii"))
    return part


def _alternative_part(parts: Sequence[MimeMessage], boundary: str) -> MimeMessage:
    """The same in several forms, the plainest first (RFC 2046, 5.1.4). A reader shows the last that it can.

    `boundary` must not begin with that of the whole mail: a reader may look at the beginning alone (5.1.2).
    """
    part = MimeMessage(policy=_POLICY)
    part["Content-Type"] = f'multipart/alternative; boundary="{_BOUNDARY_START}{boundary}"'
    part.set_payload(list(parts))
    return part


def _mixed_bytes(fields: Sequence[_Field], parts: Sequence[MimeMessage], boundary: str) -> bytes:
    """The whole mail, CRLF line ends."""
    mail: MimeMessage[str | Header, str | Header] = MimeMessage(policy=_POLICY)
    for name, value in fields:
        mail[name] = value
    mail["MIME-Version"] = "1.0"
    mail["Content-Type"] = f'multipart/mixed; boundary="{_BOUNDARY_START}{boundary}"'
    mail.set_payload(list(parts))
    return mail.as_bytes(policy=_POLICY)


def _can_stand_plain(text: str) -> bool:
    """Whether a reader sees the text as it is, folded at its spaces if need be."""
    return text.isascii() and "=?" not in text and all(len(word) <= _LONGEST_WORD for word in text.split(" "))


def _is_readable_as_it_is(text: str) -> bool:
    return (
        _READABLE_AS_IT_IS.fullmatch(text) is not None
        and max(map(len, text.split("\n"))) <= _LONGEST_LINE
        and f"--{_BOUNDARY_START}" not in text
    )


def _quoted_printable(text: str) -> str:
    """Line by line, so that a carriage return within a line is a character like any other."""
    lines = text.encode("utf-8", "replace").split(b"\n")
    return "\n".join(binascii.b2a_qp(line, istext=False).decode("ascii") for line in lines)
