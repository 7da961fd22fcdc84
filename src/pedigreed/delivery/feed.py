"""A feed of the last digests: an Atom file (RFC 4287) that any feed reader follows."""

from __future__ import annotations

import re
import threading
import uuid
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from email.utils import parsedate_to_datetime
from html import escape
from typing import TYPE_CHECKING

from pedigreed.delivery.folder import DiskChannel, make_folder
from pedigreed.durable import replace_file
from pedigreed.model.delivery import Outcome, Retry, Scope, Sent
from pedigreed.model.instant import iso

if TYPE_CHECKING:
    from pathlib import Path

    from pedigreed.model.delivery import Message

MOST_ENTRIES = 30
"""The newest that are kept. Readers keep what they have seen."""

MEDIA_TYPE = "application/atom+xml"
_ATOM = "http://www.w3.org/2005/Atom"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 has not (section 2.2)."""


class FeedChannel(DiskChannel):
    """Puts each message before the others, once. The file is whole at any moment."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._one_at_a_time = threading.Lock()

    async def send(self, message: Message) -> Outcome:
        try:
            return await super().send(message)
        except ET.ParseError:
            reason = f"{self._path} is something else than a feed: name another file, or take it away"
            return Retry(reason, scope=Scope.CHANNEL_BROKEN)

    def _deliver(self, message: Message) -> Sent:
        with self._one_at_a_time:
            make_folder(self._path.parent)
            feed = self._read()
            entry = entry_of(message)
            identity = _text(entry, "id")
            entries = feed.findall(_name("entry"))
            if identity not in {_text(each, "id") for each in entries}:
                for each in entries:
                    feed.remove(each)
                newest = sorted([entry, *entries], key=lambda each: _text(each, "updated"), reverse=True)
                feed.extend(newest[:MOST_ENTRIES])
                updated = feed.find(_name("updated"))
                assert updated is not None
                updated.text = _text(newest[0], "updated")
                replace_file(self._path, _written(feed))
            return Sent(receipt=identity)

    def _read(self) -> ET.Element:
        """The feed as it is, or a new one. Raises `OSError`, and `ParseError` for something else."""
        try:
            feed = ET.fromstring(self._path.read_bytes())  # noqa: S314  # this channel wrote it
        except FileNotFoundError:
            return _new_feed(self._path)
        if feed.tag != _name("feed") or feed.find(_name("updated")) is None:
            raise ET.ParseError
        return feed


def entry_of(message: Message) -> ET.Element:
    """The entry of a mail: its subject, date and text. Equal mails give equal entries."""
    mail = message_from_bytes(message.content, policy=default)
    body = mail.get_body(("plain",))
    text = str(body.get_content()) if body is not None else ""
    entry = ET.Element(_name("entry"))
    _add(entry, "id", uuid.uuid5(uuid.NAMESPACE_URL, f"mid:{message.message_id}").urn)
    _add(entry, "title", message.subject or "(without a subject)")
    _add(entry, "updated", _moment(str(mail.get("Date", ""))))
    # Readers fold the white space of plain text, on which its columns hang.
    _add(entry, "content", f"<pre>{escape(as_xml(text))}</pre>").set("type", "html")
    return entry


def as_xml(text: str) -> str:
    """The text with LF line ends and with a mark for each character that XML has not."""
    return _NOT_XML.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def _new_feed(path: Path) -> ET.Element:
    feed = ET.Element(_name("feed"))
    _add(feed, "id", uuid.uuid5(uuid.NAMESPACE_URL, path.as_uri()).urn)
    _add(feed, "title", "pedigreed")
    _add(feed, "subtitle", "What changed in the pedigree of JWST data")
    _add(feed, "updated", "")
    author = ET.SubElement(feed, _name("author"))
    _add(author, "name", "pedigreed")
    return feed


def _written(feed: ET.Element) -> bytes:
    ET.register_namespace("", _ATOM)
    document: bytes = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _moment(date: str) -> str:
    try:
        return iso(parsedate_to_datetime(date).astimezone(UTC))
    except ValueError:
        return iso(datetime(1970, 1, 1, tzinfo=UTC))


def _name(tag: str) -> str:
    return f"{{{_ATOM}}}{tag}"


def _add(parent: ET.Element, tag: str, text: str) -> ET.Element:
    added = ET.SubElement(parent, _name(tag))
    added.text = as_xml(text)
    return added


def _text(element: ET.Element, tag: str) -> str:
    return element.findtext(_name(tag), "")
