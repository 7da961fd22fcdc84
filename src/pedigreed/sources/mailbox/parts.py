"""The parts of a mail, found within limits.

Python's parser of mails is recursive, and looks at each line once for each multipart that is open around it: both
are bounded before it is asked. Its old policy (``compat32``) is used, since the new one reads header fields by a
grammar that raises, or takes very long, for some that are made to be bad.
"""

from __future__ import annotations

import re
from email import policy
from email.message import Message
from email.parser import BytesParser
from typing import NamedTuple

from pedigreed.sources.mailbox.charset import decode

MOST_PARTS = 200
MOST_MULTIPARTS = 40
MOST_LINES = 200_000
_LONGEST_TYPE = 8_000
_LARGEST_HEADER = 100_000

_TYPES = re.compile(rb"^content-type[ \t]*:[^\n]*(?:\n[ \t][^\n]*)*", re.IGNORECASE | re.MULTILINE)
_HEADER_END = re.compile(rb"\r?\n\r?\n")
_TRANSPORTED = frozenset({"base64", "quoted-printable", "x-uuencode", "uuencode", "uue", "x-uue"})


class Part(NamedTuple):
    """A leaf of a mail.

    Attributes:
        message: its header and content; of a mail that is carried in it, the header with no content of its own.
        alternative: which choice of forms of one text it is one of; None if of none.
        is_mail: whether a carried mail begins here. Its own parts follow.
    """

    message: Message
    alternative: int | None
    is_mail: bool = False


def parsed(content: bytes) -> tuple[Message, str]:
    """The mail, and why it was not read beyond its header; empty if it was."""
    lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    reason = _beyond_limits(lines)
    if reason:
        lines = header_of(lines)
    return BytesParser(policy=policy.compat32).parsebytes(lines, headersonly=bool(reason)), reason


def header_of(content: bytes) -> bytes:
    """The mail without its body, as far as it is looked at where the whole is too much."""
    return _HEADER_END.split(content[:_LARGEST_HEADER], maxsplit=1)[0] + b"\n\n"


def parts_of(mail: Message) -> tuple[list[Part], bool]:
    """Its leaves in their order, those of carried mails among them, and whether that is all of them."""
    leaves: list[Part] = []
    waiting: list[tuple[Message, int | None]] = [(mail, None)]
    for _ in range(2 * MOST_PARTS):
        if not waiting or len(leaves) >= MOST_PARTS:
            break
        message, alternative = waiting.pop()
        inner = message.get_payload()
        if message.get_content_type() == "multipart/alternative" and alternative is None:
            alternative = id(message)
        if carried := _carried(message):
            leaves.append(Part(carried, None, is_mail=True))
            waiting.append((carried, None))
        elif isinstance(inner, list):
            waiting.extend((part, alternative) for part in reversed(inner) if isinstance(part, Message))
        else:
            leaves.append(Part(message, alternative))
    return leaves, not waiting


def content_of(part: Message) -> bytes:
    """The part's content as it was before it was encoded for its way."""
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def text_of(part: Message) -> str:
    """The part's content as text."""
    return decode(content_of(part), parameter(part, "charset"))


def parameter(part: Message, name: str) -> str:
    """A parameter of the content type; empty where there is none."""
    try:
        said = part.get_param(name)
    except (ValueError, TypeError, LookupError):
        return ""
    return str(said[2] if isinstance(said, tuple) else said or "")


def file_name(part: Message) -> str:
    """The name of the file that it is, as it was given; empty where there is none."""
    try:
        return part.get_filename() or ""
    except (ValueError, TypeError, LookupError):
        return ""


def is_attached(part: Message) -> bool:
    """Whether it is said to be a file, not part of the text."""
    return str(part.get("Content-Disposition", "")).lstrip().lower().startswith("attachment")


def _carried(message: Message) -> Message | None:
    """The mail that a part holds: a forwarded one, or one of a digest."""
    kind = message.get_content_type()
    inner = message.get_payload()
    if kind == "message/rfc822" and isinstance(inner, list) and len(inner) == 1:
        [carried] = inner
        if not isinstance(carried, Message):
            return None
        # Some programs encode a mail that they forward, which the standard does not allow.
        if str(message.get("Content-Transfer-Encoding", "")).strip().lower() in _TRANSPORTED:
            return _unwrapped(message, str(carried.get_payload() or ""))
        return carried
    if not isinstance(inner, list) and file_name(message).lower().endswith(".eml"):
        return parsed(content_of(message))[0]
    return None


def _unwrapped(around: Message, payload: str) -> Message:
    wrapper = Message()
    wrapper["Content-Transfer-Encoding"] = str(around["Content-Transfer-Encoding"])
    wrapper.set_payload(payload)
    return parsed(content_of(wrapper))[0]


def _beyond_limits(lines: bytes) -> str:
    if lines.count(b"\n") > MOST_LINES:
        return f"has more than {MOST_LINES:,} lines"
    types = _TYPES.findall(lines)
    if len(types) > MOST_PARTS:
        return f"has more than {MOST_PARTS} parts"
    if sum(b"multipart" in kind.lower() for kind in types) > MOST_MULTIPARTS:
        return f"is nested more than {MOST_MULTIPARTS} times"
    if any(len(kind) > _LONGEST_TYPE for kind in types):
        return "has a content type that never ends"
    return ""
