"""The parts of a mail, found within limits.

Python's parser of mails is recursive, and looks at each line once for each multipart that is open around it: both
are bounded before it is asked. Its old policy (``compat32``) is used, since the new one reads header fields by a
grammar that raises, or takes very long, for some that are made to be bad.
"""

from __future__ import annotations

import base64
import re
from email import policy
from email.message import Message
from email.parser import BytesParser
from typing import Any, NamedTuple

from pedigreed.sources.mailbox.mail_text import decode

MOST_PARTS = 200
MOST_MULTIPARTS = 20
MOST_LINES = 100_000
_LONGEST_FIELD = 8_000
_LARGEST_HEADER = 100_000

_FIELDS = re.compile(rb"^content-[a-z-]{1,30}[ \t]*:[^\n]*(?:\n[ \t][^\n]*)*", re.IGNORECASE | re.MULTILINE)
_TYPE = b"content-type"
_BASE64_LINE = re.compile(r"[A-Za-z0-9+/]*={0,2}\s*")
_WAY = "Content-Transfer-Encoding"
_HEADER_END = re.compile(rb"\r?\n\r?\n")
_TRANSPORTED = frozenset({"base64", "quoted-printable", "x-uuencode", "uuencode", "uue", "x-uue"})


class Part(NamedTuple):
    """A leaf of a mail.

    Attributes:
        message: its header and content; of a mail that is carried in it, the header with no content of its own.
        alternative: which choice of forms of one text it is one of; None if of none.
        is_mail: whether a carried mail begins here. Its own parts follow.
        letter: which mail of a list's digest (``multipart/digest``) it belongs to; None if to none.
    """

    message: Message
    alternative: int | None
    is_mail: bool = False
    letter: int | None = None


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
    waiting: list[tuple[Message, int | None, int | None]] = [(mail, None, None)]
    for _ in range(2 * MOST_PARTS):
        if not waiting or len(leaves) >= MOST_PARTS:
            break
        message, alternative, letter = waiting.pop()
        inner = _inside(message)
        if message.get_content_type() == "multipart/alternative" and alternative is None:
            alternative = id(message)
        if carried := _carried(message):
            leaves.append(Part(carried, None, is_mail=True, letter=letter))
            waiting.append((carried, None, letter))
        elif isinstance(inner, list):
            begins = message.get_content_type() == "multipart/digest" and letter is None
            waiting.extend(
                (part, alternative, id(part) if begins else letter)
                for part in reversed(inner)
                if isinstance(part, Message)
            )
        else:
            leaves.append(Part(message, alternative, letter=letter))
    return leaves, not waiting


def content_of(part: Message) -> bytes:
    """The part's content as it was before it was encoded for its way."""
    bare = Message()
    bare[_WAY] = _way(part)
    bare.set_payload(_inside(part))
    if bare[_WAY] == "base64":
        return _from_base64(str(bare.get_payload()))
    content = bare.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


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
    inner = _inside(message)
    if kind == "message/rfc822" and isinstance(inner, list) and len(inner) == 1:
        [carried] = inner
        if not isinstance(carried, Message):
            return None
        # Some programs encode a mail that they forward, which the standard does not allow.
        if _way(message) in _TRANSPORTED:
            return _unwrapped(message, str(_inside(carried) or ""))
        return carried
    if not isinstance(inner, list) and file_name(message).lower().endswith(".eml"):
        return parsed(content_of(message))[0]
    return None


def _unwrapped(around: Message, payload: str) -> Message:
    wrapper = Message()
    wrapper[_WAY] = _way(around)
    wrapper.set_payload(payload)
    return parsed(content_of(wrapper))[0]


def _inside(message: Message) -> Any:  # noqa: ANN401  # text, messages, or nothing
    """What the parser put into it. Asked, it decodes text by its charset, and raises what the codec raises."""
    return getattr(message, "_payload", None)


def _way(part: Message) -> str:
    """How it was encoded; empty where that is not said."""
    return str(part.get(_WAY, "")).strip().lower()


def _from_base64(text: str) -> bytes:
    """What stands in base64. What a list or a virus scanner has added behind it is left out."""
    kept: list[str] = []
    for line in text.splitlines():
        if not _BASE64_LINE.fullmatch(line):
            break
        kept.append(line.strip())
        if line.rstrip().endswith("="):
            break
    code = "".join(kept).rstrip("=")
    # A single letter at the end is half a byte of what was cut off.
    code = code[: len(code) - (len(code) % 4 == 1)]
    return base64.b64decode(code + "==")


def _beyond_limits(lines: bytes) -> str:
    if lines.count(b"\n") > MOST_LINES:
        return f"has more than {MOST_LINES:,} lines"
    fields = _FIELDS.findall(lines)
    types = [value for value in fields if value[: len(_TYPE)].lower() == _TYPE]
    if len(types) > MOST_PARTS:
        return f"has more than {MOST_PARTS} parts"
    if sum(b"multipart" in kind.lower() for kind in types) > MOST_MULTIPARTS:
        return f"is nested more than {MOST_MULTIPARTS} times"
    if any(len(value) > _LONGEST_FIELD for value in fields):
        return "has a field that never ends in its header"
    return ""
