"""A message in a lighter form, for a destination that would not take it as it was."""

from __future__ import annotations

import html
import json
import re
import textwrap
from dataclasses import replace
from email import message_from_bytes
from email.errors import MessageError
from email.message import Message as MimeMessage
from typing import TYPE_CHECKING

from pedigreed.delivery.line import one_line
from pedigreed.delivery.mime import BOUNDARY_START, POLICY, text_part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pedigreed.model.delivery import Message

_WIDTH = 78
_LONGEST_REASON = 200
_LONGEST_SLACK_TEXT = 3000
_END_OF_PAGE = re.compile(r"</body\s*>|</html\s*>", re.IGNORECASE)
_CUT_ENTITY = re.compile(r"&[a-z#0-9]{0,5}$")

_A_KILOBYTE, _A_MEGABYTE = 1_000, 999_500
"""The smallest that are told in these units, rounded."""


def lighter(message: Message, reason: str) -> Message | None:
    """The same news with less beside it: a mail without its attachments, a Slack message without its blocks.

    Pure, and equal arguments give equal bytes. The identity stays, so that it is the same message to its reader.

    Args:
        message: as it was refused.
        reason: why; it is told in the lighter form.

    Returns:
        None where there is nothing to leave out, or where the message is of neither form.
    """
    content = message.content
    try:
        lighter_content = (
            _text_of_slack(content, reason) if content.startswith(b"{") else _without_attachments(content, reason)
        )
    except (MessageError, LookupError, ValueError, TypeError, RecursionError):
        return None  # no form that was written here
    return replace(message, content=lighter_content) if lighter_content else None


def _without_attachments(content: bytes, reason: str) -> bytes | None:
    """The mail with the bytes of its header as they were, and with each text that tells what was left out."""
    header, blank, _ = content.partition(b"\r\n\r\n")
    mail: MimeMessage = message_from_bytes(content, policy=POLICY)
    is_whole = content.isascii() and blank and mail.get_content_type() == "multipart/mixed"
    if not is_whole or not all(map(_is_sound, mail.walk())):
        return None
    parts = _parts_of(mail)
    kept = [part for part in parts if not _is_attachment(part)]
    attachments = [part for part in parts if _is_attachment(part)]
    texts = [leaf for part in kept for leaf in part.walk() if leaf.get_content_maintype() == "text"]
    if not attachments or not texts:
        return None
    names = [one_line(part.get_filename("attachment")) for part in attachments]
    told = _what_was_left_out(names, attachments, reason)
    for leaf in texts:
        _tell(leaf, names, told)
    boundary = b"\r\n--" + str(mail.get_boundary()).encode()
    body = b"".join(boundary + b"\r\n" + part.as_bytes(policy=POLICY) for part in kept)
    return header + b"\r\n" + body + boundary + b"--\r\n"


def _is_sound(part: MimeMessage) -> bool:
    """Whether a text that is written anew can't end this part: see `BOUNDARY_START`."""
    is_multipart = part.get_content_maintype() == "multipart"
    return not part.defects and (not is_multipart or (part.get_boundary() or "").startswith(BOUNDARY_START))


def _parts_of(mail: MimeMessage) -> Sequence[MimeMessage]:
    parts = mail.get_payload()
    return [part for part in parts if isinstance(part, MimeMessage)] if isinstance(parts, list) else []


def _is_attachment(part: MimeMessage) -> bool:
    return part.get_content_disposition() == "attachment"


def _what_was_left_out(names: Sequence[str], attachments: Sequence[MimeMessage], reason: str) -> str:
    """One line: that there were attachments, which, and why they are not there."""
    listed = ", ".join(f"{name} ({_size_of(part)})" for name, part in zip(names, attachments, strict=True))
    what = "The attachment was" if len(names) == 1 else f"The {len(names)} attachments were"
    why = one_line(reason, _LONGEST_REASON)
    return f"{what} left out, because the mail server would not take a message so large: {listed}." + (
        f" The reason it gave: {why}" if why else ""
    )


def _size_of(part: MimeMessage) -> str:
    content = part.get_payload(decode=True)
    size = len(content) if isinstance(content, bytes) else 0
    if size >= _A_MEGABYTE:
        return f"{size / 1e6:.1f} MB"
    if size >= _A_KILOBYTE:
        return f"{size / 1e3:.0f} kB"
    return "1 byte" if size == 1 else f"{size} bytes"


def _tell(leaf: MimeMessage, names: Sequence[str], told: str) -> None:
    """Add to a text what was left out, in place."""
    payload = leaf.get_payload(decode=True)
    text = (payload if isinstance(payload, bytes) else b"").decode(leaf.get_content_charset("utf-8"))
    text = text.replace("\r\n", "\n")
    subtype = leaf.get_content_subtype()
    text = _told_in_html(text, names, told) if subtype == "html" else _told_in_text(text, names, told)
    written = text_part(text)
    leaf.set_payload(written.get_payload())
    for field, value in (
        ("Content-Type", f"text/{subtype}; charset=utf-8"),
        ("Content-Transfer-Encoding", written["Content-Transfer-Encoding"]),
    ):
        del leaf[field]
        leaf[field] = value


def _told_in_text(text: str, names: Sequence[str], told: str) -> str:
    text = _without_claim(text, names[0])
    paragraph = textwrap.fill(told, _WIDTH, break_long_words=False, break_on_hyphens=False)
    between = "\n" if not text or text.endswith("\n") else "\n\n"
    return f"{text}{between if text else ''}{paragraph}\n"


def _without_claim(text: str, first: str) -> str:
    """A digest names its attachments under a title of their own, which would claim that they are there."""
    return text.replace(f"\nAttached: {first}", f"\nLeft out: {first}")


def _told_in_html(page: str, names: Sequence[str], told: str) -> str:
    page = _without_claim(page, html.escape(names[0])).replace(">ATTACHED</h2>", ">LEFT OUT</h2>", 1)
    paragraph = f'<p style="margin:16px">{html.escape(told)}</p>\n'
    ends = _END_OF_PAGE.search(page)
    at = ends.start() if ends else len(page)
    return f"{page[:at]}{paragraph}{page[at:]}"


def _text_of_slack(content: bytes, reason: str) -> bytes | None:
    """The payload with its text alone. A document for other programs has no blocks."""
    payload = json.loads(content)
    if not payload.get("blocks") or not isinstance(payload.get("text"), str):
        return None
    why = html.escape(one_line(reason, _LONGEST_REASON), quote=False)
    told = "The details were left out, because Slack would not take the whole message."
    told += f"\nThe reason it gave: {why}" if why else ""
    room = _LONGEST_SLACK_TEXT - len(told) - 1
    text = payload["text"]
    if len(text) > room:
        text = _CUT_ENTITY.sub("", text[: room - 3]) + "..."
    return json.dumps({"text": f"{text}\n{told}"}).encode("ascii")
