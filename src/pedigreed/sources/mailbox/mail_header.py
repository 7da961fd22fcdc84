"""The fields of a mail's header, read without trust."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.errors import MessageError
from email.header import decode_header
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from pedigreed.sources.mailbox.mail_text import decode
from pedigreed.sources.plain_text import plain_line

if TYPE_CHECKING:
    from email.message import Message


LONGEST_FIELD = 4_000
"""Characters. What is behind them is not looked at."""

_LONGEST_IDENTITY = 250
_MESSAGE_ID = re.compile(r"<([^<>\s]+)>")
_LIST_ID = re.compile(r"<([^<>]+)>\s*$")
_OF_ANSWERS = ("X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-Auto-Reply")
_ANSWER = re.compile(r"(?:automatic reply|auto(?:-| )?reply|out of (?:the )?office)\b.{0,3}:", re.IGNORECASE)
_NOISE = re.compile(
    r"\s*(?:\[[^\[\]]{1,60}\]|(?:external|ext|re|fwd?|aw|wg|sv|tr|rv)\s*(?:\[\d{1,3}\])?\s*:)\s*", re.IGNORECASE
)


def field(mail: Message, name: str, limit: int = LONGEST_FIELD) -> str:
    """The first field of that name as one line, its encoded words (RFC 2047) read; empty where there is none."""
    for key, value in mail.raw_items():
        if key.lower() == name.lower():
            return plain_line(_words(str(value)[:LONGEST_FIELD]), limit)
    return ""


def message_id(mail: Message) -> str:
    """The Message-ID without its brackets; empty where there is none that can be kept."""
    said = field(mail, "Message-ID")
    found = _MESSAGE_ID.search(said)
    identity = found[1] if found else said.strip("<> ")
    return identity if len(identity) <= _LONGEST_IDENTITY and " " not in identity else ""


def said_at(mail: Message) -> datetime | None:
    """When it was written, UTC, as its author's machine says; None where that is no date."""
    return moment(field(mail, "Date"))


def moment(date_field: str) -> datetime | None:
    """A Date as an instant, UTC; None where it is none."""
    try:
        date = parsedate_to_datetime(date_field)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError, AttributeError):
        return None


def list_name(mail: Message) -> str:
    """The mailing list (RFC 2919); empty where it is of none."""
    said = field(mail, "List-Id")
    found = _LIST_ID.search(said)
    return (found[1] if found else said).strip()


def is_automatic(mail: Message) -> bool:
    """Whether a program answered with it (RFC 3834): somebody is out of office, or a mail was not delivered."""
    if field(mail, "Auto-Submitted").lower().startswith("auto-replied"):
        return True
    if any(field(mail, name) for name in _OF_ANSWERS):
        return True
    return (
        field(mail, "Precedence").lower().replace("-", "_") == "auto_reply"
        or mail.get_content_type() == "multipart/report"
        or _ANSWER.match(field(mail, "Subject")) is not None
    )


def without_noise(subject: str) -> str:
    """The subject without what mail programs and lists put before it: ``Re:``, ``Fwd:``, ``[list]``."""
    start = 0
    while found := _NOISE.match(subject, start):
        start = found.end()
    return subject[start:] or subject


def _words(value: str) -> str:
    raw = value.encode("ascii", "surrogateescape") if value.isascii() or _is_escaped(value) else value.encode()
    unfolded = decode(raw).replace("\r", "").replace("\n", "")
    try:
        words = decode_header(unfolded)
    except (MessageError, ValueError):
        return unfolded
    return "".join(word if isinstance(word, str) else decode(word, charset) for word, charset in words)


def _is_escaped(value: str) -> bool:
    """Whether all beyond ASCII in it are bytes that the parser has put aside."""
    return all(character < "\x80" or "\udc80" <= character <= "\udcff" for character in value)
