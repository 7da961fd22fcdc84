"""The channels that write to disk: a folder for people, and a Maildir for mail readers. Their files are private.

The folder has one folder a message, with the mail, its text, its page and its attachments as files:

2026-11-22-jades-4f2a91c07d1e/
    message.eml
    digest.txt
    digest.html
    jades-2026-11-22.json

A Maildir has one file a mail, which any mail reader opens.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import re
import secrets
import shutil
from abc import ABC, abstractmethod
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from pedigreed.durable import keep_names, write_new_file
from pedigreed.model.delivery import Outcome, Retry, Scope, Sent
from pedigreed.model.printable import short_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage, MIMEPart
    from pathlib import Path

    from pedigreed.model.delivery import Message


class DiskChannel(ABC):
    """Writes messages below a path, off the event loop. A disk that fails, fails for every message."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def send(self, message: Message) -> Outcome:
        try:
            return await asyncio.to_thread(self._deliver, message)
        except OSError as error:
            return Retry(short_line(_in_words(error)), scope=Scope.CHANNEL_BUSY)

    async def close(self) -> None:  # noqa: B027  # nothing is held between messages, whatever is written
        """Nothing is held between messages."""

    @abstractmethod
    def _deliver(self, message: Message) -> Sent:
        """Write one message. Raises `OSError`."""


def make_folder(path: Path) -> None:
    """Make a folder of mode 0700, and those above it. One that is there keeps its mode. Raises `OSError`."""
    # Path.mkdir gives the mode to the last one alone.
    for folder in (*reversed(path.parents), path):
        if not folder.is_dir():
            folder.mkdir(mode=0o700, exist_ok=True)


def _in_words(error: OSError) -> str:
    """What went wrong with which path, in words."""
    where = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
    return f"{where}{error.strerror or error}"


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
                for filename, content in files_of(message.content):
                    write_new_file(unfinished / filename, content)
                keep_names(unfinished)
                _publish(unfinished, place)
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
            keep_names(self._path)
        return Sent(receipt=name)


def folder_name(message: Message) -> str:
    """Date (UTC), subscription and a part of the identity: equal for equal messages."""
    mail = _read(message.content)
    day = _day(str(mail.get("Date", "")))
    label = _LABEL.search(str(mail.get("List-Id", "")))
    identity = hashlib.sha256(message.message_id.encode()).hexdigest()[:12]
    return "-".join(filter(None, (day, label and label[1], identity)))


def files_of(content: bytes) -> Iterator[tuple[str, bytes]]:
    """The mail as it is, text and page with LF line ends, and its attachments, by distinct and safe names."""
    yield MAIL, content
    taken = {MAIL, TEXT, PAGE}
    mail = _read(content)
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
    line = _UNSAFE.sub("_", short_line(name))
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


def _read(content: bytes) -> EmailMessage:
    return message_from_bytes(content, policy=default)


def _decoded(part: MIMEPart) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _day(date: str) -> str:
    try:
        sent: datetime = parsedate_to_datetime(date)
        return f"{sent.astimezone(UTC):%Y-%m-%d}"
    except (ValueError, OverflowError):
        return ""


class MaildirChannel(DiskChannel):
    """Writes messages into a Maildir, which it makes if there is none.

    A message that is in the Maildir already, read or not, is not written again.
    One that its reader moved to another folder or deleted can't be told from one that never came.
    """

    def _deliver(self, message: Message) -> Sent:
        for folder in (self._path, *(self._path / name for name in ("tmp", "new", "cur"))):
            make_folder(folder)
        name = f"{hashlib.sha256(message.message_id.encode()).hexdigest()[:32]}.pedigreed"
        if not self._holds(name):
            unfinished = self._path / "tmp" / f"{name}.{secrets.token_hex(8)}"
            try:
                write_new_file(unfinished, message.content)
                unfinished.rename(self._path / "new" / name)
            except OSError:
                unfinished.unlink(missing_ok=True)
                raise
            keep_names(self._path / "new")
        return Sent(receipt=name)

    def _holds(self, name: str) -> bool:
        """A reader moves what was seen to ``cur`` and appends a colon and its flags."""
        if (self._path / "new" / name).exists():
            return True
        return any(there.name.partition(":")[0] == name for there in (self._path / "cur").iterdir())
