"""A folder for people: one folder a message, with the mail, its text, its page and its attachments as files.

2026-11-22-jades-4f2a91c07d1e/
    message.eml
    digest.txt
    digest.html
    jades-2026-11-22.json
"""

from __future__ import annotations

import errno
import hashlib
import re
import secrets
import shutil
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from pedigreed.delivery.disk import DiskChannel, keep_names, make_folder, write_new_file
from pedigreed.delivery.line import one_line
from pedigreed.model.delivery import Sent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage, MIMEPart
    from pathlib import Path

    from pedigreed.model.delivery import Message

MAIL = "message.eml"
TEXT = "digest.txt"
PAGE = "digest.html"

_LABEL = re.compile(r"<([a-z0-9-]+)\.")
_UNSAFE = re.compile(r'[/\\:*?"<>|]|^[. ]+|[. ]+$')
_LONGEST_STEM = 100
_LONGEST_SUFFIX = 20


class FolderChannel(DiskChannel):
    """Writes each message into a folder of its own, whole or not at all, and never twice."""

    def _deliver(self, message: Message) -> Sent:
        make_folder(self._path)
        name = folder_name(message)
        place = self._path / name
        if not place.exists():
            unfinished = self._path / f".{name}.{secrets.token_hex(8)}"
            try:
                make_folder(unfinished)
                for filename, content in files_of(message):
                    write_new_file(unfinished / filename, content)
                keep_names(unfinished)
                _publish(unfinished, place)
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
            keep_names(self._path)
        return Sent(receipt=name)


def folder_name(message: Message) -> str:
    """Date (UTC), subscription and a part of the identity: equal for equal messages."""
    mail = _read(message)
    day = _day(str(mail.get("Date", "")))
    label = _LABEL.search(str(mail.get("List-Id", "")))
    identity = hashlib.sha256(message.message_id.encode()).hexdigest()[:12]
    return "-".join(filter(None, (day, label and label[1], identity)))


def files_of(message: Message) -> Iterator[tuple[str, bytes]]:
    """The mail as it is, text and page with LF line ends, and its attachments, by distinct and safe names."""
    yield MAIL, message.content
    taken = {MAIL, TEXT, PAGE}
    mail = _read(message)
    for form, name in (("plain", TEXT), ("html", PAGE)):
        body = mail.get_body((form,))
        if body is not None:
            yield name, _decoded(body).replace(b"\r\n", b"\n")
    for part in mail.iter_attachments() if mail.is_multipart() else ():
        name = _distinct(safe_filename(part.get_filename() or ""), taken)
        taken.add(name.casefold())
        yield name, _decoded(part)


def safe_filename(name: str) -> str:
    """A name that stays in its folder on every file system, with its suffix."""
    line = _UNSAFE.sub("_", one_line(name))
    stem, dot, suffix = line.rpartition(".")
    if not stem or len(suffix) > _LONGEST_SUFFIX:
        stem, dot, suffix = line, "", ""
    return f"{_cut(stem)}{dot}{suffix}" or "attachment"


def _cut(stem: str) -> str:
    return stem.encode()[:_LONGEST_STEM].decode("utf-8", "ignore").rstrip(" .")


def _distinct(name: str, taken: set[str]) -> str:
    stem, dot, suffix = name.rpartition(".")
    choice, count = name, 1
    while choice.casefold() in taken:
        count += 1
        choice = f"{stem}-{count}{dot}{suffix}" if stem else f"{name}-{count}"
    return choice


def _publish(unfinished: Path, place: Path) -> None:
    try:
        unfinished.rename(place)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise  # otherwise the same message arrived by another way: its bytes are the same


def _read(message: Message) -> EmailMessage:
    return message_from_bytes(message.content, policy=default)


def _decoded(part: MIMEPart) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _day(date: str) -> str:
    try:
        sent: datetime = parsedate_to_datetime(date)
        return f"{sent.astimezone(UTC):%Y-%m-%d}"
    except (ValueError, OverflowError):
        return ""
