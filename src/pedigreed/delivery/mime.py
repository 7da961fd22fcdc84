"""The parts of a mail, in a form that every server passes on unchanged: ASCII, and no line too long.

The classic header classes write the headers: the newer ones lose characters when they fold a long line.
Nothing here is random, so equal inputs give equal bytes.
"""

from __future__ import annotations

import base64
import binascii
import re
from email.header import Header
from email.message import Message as MimeMessage
from email.policy import compat32
from email.utils import formataddr
from typing import TYPE_CHECKING

from pedigreed.delivery.line import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pedigreed.model.digest import Attachment

POLICY = compat32.clone(linesep="\r\n", mangle_from_=False, max_line_length=76)
"""A line of a header that has encoded words is no longer than that (RFC 2047, 2)."""

Field = tuple[str, Header]
"""A header's name and value."""

BOUNDARY_START = "=_"
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


class _OneLine(Header):
    """A header's value that is never folded: some readers lose an identifier on a line of its own."""

    def encode(self, splitchars: str = ";, \t", maxlinelen: int | None = None, linesep: str = "\n") -> str:
        del maxlinelen
        return super().encode(splitchars, _LONGEST_LINE, linesep)


def token_field(field: str, token: str) -> Field:
    """A date, an identifier or a link. `token` is ASCII."""
    return field, _OneLine(token, header_name=field)


def phrase_field(field: str, text: str) -> Field:
    """One line of any characters."""
    charset = "us-ascii" if _can_stand_plain(text) else "utf-8"
    return field, Header(text, charset, header_name=field)


def named_field(field: str, name: str, bracketed: str) -> Field:
    """``name <bracketed>``, or without a name the brackets alone. `bracketed` is ASCII."""
    if not name:
        return token_field(field, f"<{bracketed}>")
    if _can_stand_plain(name) and not _ESCAPED.search(name):
        return field, Header(formataddr((name, bracketed)), header_name=field)
    value = Header(name, "utf-8", header_name=field)
    value.append(f"<{bracketed}>", "us-ascii")
    return field, value


def text_part(text: str, subtype: str = "plain") -> MimeMessage:
    """Text or HTML, LF line ends. It stays readable in a raw view where it is ASCII."""
    part = MimeMessage(policy=POLICY)
    part["Content-Type"] = f"text/{subtype}; charset=utf-8"
    if _is_readable_as_it_is(text):
        part["Content-Transfer-Encoding"] = "7bit"
        part.set_payload(text)
    else:
        part["Content-Transfer-Encoding"] = "quoted-printable"
        part.set_payload(_quoted_printable(text))
    return part


def attachment_part(attachment: Attachment) -> MimeMessage:
    """A file, its bytes kept."""
    part = MimeMessage(policy=POLICY)
    known = _MEDIA_TYPE.fullmatch(attachment.media_type.lower())
    part["Content-Type"] = attachment.media_type if known else "application/octet-stream"
    part["Content-Transfer-Encoding"] = "base64"
    filename = _NO_FILENAME.sub("_", one_line(attachment.filename, _LONGEST_FILENAME)) or "attachment"
    part.add_header(
        "Content-Disposition",
        "attachment",
        filename=filename if _can_stand_plain(filename) else ("utf-8", "", filename),
    )
    part.set_payload(base64.encodebytes(attachment.content).decode("ascii"))
    return part


def alternative_part(parts: Sequence[MimeMessage], boundary: str) -> MimeMessage:
    """The same in several forms, the plainest first (RFC 2046, 5.1.4). A reader shows the last that it can.

    `boundary` must not begin with that of the whole mail: a reader may look at the beginning alone (5.1.2).
    """
    part = MimeMessage(policy=POLICY)
    part["Content-Type"] = f'multipart/alternative; boundary="{BOUNDARY_START}{boundary}"'
    part.set_payload(list(parts))
    return part


def mixed_bytes(fields: Sequence[Field], parts: Sequence[MimeMessage], boundary: str) -> bytes:
    """The whole mail, CRLF line ends."""
    mail: MimeMessage[str | Header, str | Header] = MimeMessage(policy=POLICY)
    for name, value in fields:
        mail[name] = value
    mail["MIME-Version"] = "1.0"
    mail["Content-Type"] = f'multipart/mixed; boundary="{BOUNDARY_START}{boundary}"'
    mail.set_payload(list(parts))
    return mail.as_bytes(policy=POLICY)


def _can_stand_plain(text: str) -> bool:
    """Whether a reader sees the text as it is, folded at its spaces if need be."""
    return text.isascii() and "=?" not in text and all(len(word) <= _LONGEST_WORD for word in text.split(" "))


def _is_readable_as_it_is(text: str) -> bool:
    return (
        _READABLE_AS_IT_IS.fullmatch(text) is not None
        and max(map(len, text.split("\n"))) <= _LONGEST_LINE
        and f"--{BOUNDARY_START}" not in text
    )


def _quoted_printable(text: str) -> str:
    """Line by line, so that a carriage return within a line is a character like any other."""
    lines = text.encode("utf-8", "replace").split(b"\n")
    return "\n".join(binascii.b2a_qp(line, istext=False).decode("ascii") for line in lines)
