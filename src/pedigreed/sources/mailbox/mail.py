"""One mail: its bytes, read as what a person would see of it, and the JSON that it carries."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING

from pedigreed.sources.mailbox import mail_header
from pedigreed.sources.mailbox.banner import without_banner
from pedigreed.sources.mailbox.list_digest import mails_in
from pedigreed.sources.mailbox.mail_text import unflowed
from pedigreed.sources.mailbox.parts import (
    MOST_PARTS,
    file_name,
    header_of,
    is_attached,
    parameter,
    parsed,
    parts_of,
    text_of,
)
from pedigreed.sources.mailbox.senders import Authentication, authentication_of
from pedigreed.sources.plain_text import LONGEST_TEXT, plain, plain_from_html, plain_line

if TYPE_CHECKING:
    from datetime import datetime
    from email.message import Message

    from pedigreed.sources.mailbox.parts import Part

LARGEST_MAIL = 5_000_000
"""Bytes. What is larger is not read: MAST's and CRDS's mails have some kilobytes."""

LARGEST_JSON = 4_000_000
"""Characters of all JSON documents of a mail together: more than 10,000 of MAST's events."""

_LAST_CUT = 1_000
"""Characters at the end of a text that was cut, which may be spaces and empty lines."""

_TEXTS = frozenset({"text/plain", "text/markdown"})
_PAGES = frozenset({"text/html", "application/xhtml+xml"})


@dataclass(frozen=True, slots=True)
class ReadMail:
    """What one mail says. All text is plain: see `sources.plain_text`.

    Attributes:
        message_id: without brackets; a stand-in that is the same at each reading where it has none.
        said_at: by its Date, UTC; None where that is none.
        subject: one line, as it was sent; may be empty.
        text: with LF line ends; that of the mails that it carries follows, each after its subject.
        documents: what may be JSON: attachments by type or name, and texts that look like it. Not yet parsed.
        list_name: the mailing list that it came by (List-Id); empty if by none.
        is_automatic: whether a program answered with it: somebody is out of office, or a mail was not delivered.
        letters: the mails of a list's digest, where it is one.
        authentication: what its header says of its sender.
        warnings: what of it could not be read: the rest of a sentence that begins with the mail.
    """

    message_id: str
    said_at: datetime | None
    subject: str
    text: str
    documents: tuple[str, ...] = ()
    list_name: str = ""
    warnings: tuple[str, ...] = ()
    is_automatic: bool = False
    letters: tuple[ReadMail, ...] = ()
    authentication: Authentication = field(default_factory=Authentication)


def read_mail(content: bytes) -> ReadMail:
    """Read a mail (RFC 5322) of any form. It raises nothing, and takes no longer than its limits allow."""
    try:
        return _read(content)
    except Exception as error:  # noqa: BLE001  # what Python's parser raises for bad mails is written nowhere
        digest = sha256(content).hexdigest()[:32]
        return ReadMail(f"sha256-{digest}", None, "", "", warnings=(f"can't be read ({type(error).__name__})",))


def _read(content: bytes) -> ReadMail:
    is_whole = len(content) <= LARGEST_MAIL
    mail, reason = parsed(content if is_whole else header_of(content))
    warnings = [reason] if reason else []
    if not is_whole:
        warnings = [f"has more than {LARGEST_MAIL // 1_000_000} MB"]
    parts, are_all_parts = parts_of(mail) if not warnings else ([], True)
    if not are_all_parts:
        warnings.append(f"has more than {MOST_PARTS} parts, and was read up to there")
    documents, are_all_documents = _documents(parts)
    if not are_all_documents:
        warnings.append(f"has more than {LARGEST_JSON // 1_000_000} MB of JSON, and was read up to there")
    list_name = mail_header.list_name(mail)
    text = _text(parts)
    letters = _mails_of_digest(parts, list_name) or _mails_of_text(text, list_name)
    if letters and len(text) >= LONGEST_TEXT - _LAST_CUT:
        warnings.append(
            f"is a digest of more than {LONGEST_TEXT:,} characters, and may have more mails than were read"
        )
    return replace(
        _said(mail, [part for part in parts if part.letter is None], list_name),
        documents=documents,
        warnings=tuple(warnings),
        letters=letters,
        authentication=authentication_of(mail),
    )


def _said(mail: Message, parts: list[Part], list_name: str) -> ReadMail:
    text = without_banner(_text(parts))
    author, date, subject = (mail_header.field(mail, name) for name in ("From", "Date", "Subject"))
    return ReadMail(
        message_id=mail_header.message_id(mail) or _stand_in(author, date, subject, text),
        said_at=mail_header.said_at(mail),
        subject=mail_header.field(mail, "Subject", 300),
        text=text,
        list_name=list_name,
        is_automatic=mail_header.is_automatic(mail) or mail_header.says_who_is_away(text),
    )


def _mails_of_digest(parts: list[Part], list_name: str) -> tuple[ReadMail, ...]:
    """The mails of a MIME digest (RFC 2046, 5.1.5), in its order."""
    found: dict[int, list[Part]] = {}
    for part in parts:
        if part.letter is not None:
            found.setdefault(part.letter, []).append(part)
    return tuple(
        _said(first.message, others, mail_header.list_name(first.message) or list_name)
        for first, *others in found.values()
        if first.is_mail
    )


def _mails_of_text(text: str, list_name: str) -> tuple[ReadMail, ...]:
    return tuple(
        ReadMail(
            message_id=mail.message_id or _stand_in(mail.author, mail.date, mail.subject, mail.text),
            said_at=mail_header.moment(mail.date),
            subject=plain_line(mail.subject),
            text=mail.text,
            list_name=list_name,
            is_automatic=mail_header.says_who_is_away(mail.text),
        )
        for mail in mails_in(text)
    )


def _stand_in(author: str, date: str, subject: str, text: str) -> str:
    """The same for each copy: what a mail gets on its way is not in it."""
    said = f"{author}\0{date}\0{subject}\0{text}"
    return "sha256-" + sha256(said.encode("utf-8", "replace")).hexdigest()[:32]


def _text(parts: list[Part]) -> str:
    """All that is to be read. Of several forms of one text, the plain one where it says anything."""
    in_plain_text = {
        part.alternative for part in parts if _is_text(part, _TEXTS) and text_of(part.message).strip()
    }
    lines: list[str] = []
    for part in parts:
        if part.is_mail:
            lines.append("\n" + mail_header.field(part.message, "Subject", 300))
        elif _is_text(part, _TEXTS):
            lines.append(plain(_flowing(part.message)))
        elif _is_text(part, _PAGES) and (part.alternative is None or part.alternative not in in_plain_text):
            lines.append(plain_from_html(text_of(part.message)))
        if sum(map(len, lines)) > LONGEST_TEXT:
            break
    return plain("\n".join(lines))


def _is_text(part: Part, kinds: frozenset[str]) -> bool:
    return part.message.get_content_type() in kinds and not is_attached(part.message)


def _flowing(message: Message) -> str:
    text = text_of(message)
    if parameter(message, "format").lower() != "flowed":
        return text
    return unflowed(text, deletes_space=parameter(message, "delsp").lower() == "yes")


def _documents(parts: list[Part]) -> tuple[tuple[str, ...], bool]:
    """What may be JSON, and whether that is all of it."""
    documents: list[str] = []
    size = 0
    for part in parts:
        if part.is_mail or not _may_be_json(part.message):
            continue
        document = text_of(part.message).lstrip("\ufeff \t\r\n")
        if document.startswith(("[", "{")):
            size += len(document)
            if size > LARGEST_JSON:
                return tuple(documents), False
            documents.append(document)
    return tuple(documents), True


def _may_be_json(message: Message) -> bool:
    kind = message.get_content_type()
    return (
        kind in _TEXTS
        or kind == "application/json"
        or kind.endswith("+json")
        or file_name(message).lower().endswith(".json")
    )
