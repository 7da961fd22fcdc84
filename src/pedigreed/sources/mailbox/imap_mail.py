"""One mail on an IMAP server, asked for without a trace."""

from __future__ import annotations

import imaplib
import re
from typing import TYPE_CHECKING

from pedigreed.sources.mailbox.imap_words import said
from pedigreed.sources.mailbox.mail import LARGEST_MAIL
from pedigreed.sources.plain_text import plain_line

if TYPE_CHECKING:
    from pedigreed.sources.mailbox.imap_connection import ImapClient

WHOLE = f"BODY.PEEK[]<0.{LARGEST_MAIL + 1}>"
"""A mail. The size that the server tells is not believed: no more than the limit is asked for."""

_NAMING_FIELDS = "BODY.PEEK[HEADER.FIELDS (DATE SUBJECT)]"
_SIZE = re.compile(rb"RFC822\.SIZE (\d{1,15})")
_CONTENT = re.compile(rb"BODY\[")
_QUOTED = re.compile(rb'BODY\[[^\]]*\](?:<\d+>)? "((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(rb"\\(.)")


class NotHandedOut(Exception):
    """The server did not give one mail, and goes on."""


def size_of(client: ImapClient, uid: int) -> int:
    """In bytes, as the server says; 0 where it does not."""
    kind, answer = client.client.uid("FETCH", str(uid), "(RFC822.SIZE)")
    told = b" ".join(item for item in answer if isinstance(item, bytes)) if kind == "OK" else b""
    found = _SIZE.search(told)
    return int(found[1]) if found else 0


def naming_header(client: ImapClient, uid: int) -> bytes:
    """What a person knows the mail by; empty where the server does not tell."""
    try:
        return section(client, uid, _NAMING_FIELDS) or b""
    except NotHandedOut:
        return b""


def section(client: ImapClient, uid: int, what: str) -> bytes | None:
    """A section of a mail; None where the mail has gone. Raises `NotHandedOut`, and what `imaplib` raises."""
    try:
        kind, answer = client.client.uid("FETCH", str(uid), f"(UID {what})")
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as error:
        raise NotHandedOut(plain_line(str(error))) from None
    if kind != "OK":
        raise NotHandedOut(said(answer))
    for item in answer:
        if isinstance(item, tuple) and _CONTENT.search(item[0]):
            return bytes(item[1])
        if isinstance(item, bytes) and (quoted := _QUOTED.search(item)):
            return _ESCAPED.sub(rb"\1", quoted[1])
        if isinstance(item, bytes) and _CONTENT.search(item):
            raise NotHandedOut("there is nothing in it")
    return None
