"""What went wrong with an IMAP server, for people."""

from __future__ import annotations

import imaplib
import socket
import ssl
from typing import TYPE_CHECKING

from pedigreed.model.failure import PedigreedError
from pedigreed.redaction import redact, told_at_login
from pedigreed.sources.mailbox.imap_connection import BrokenOff
from pedigreed.sources.plain_text import plain_line

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONGEST_SENTENCE = 500


def in_words(error: Exception, host: str) -> str:  # noqa: PLR0911  # a line for each kind
    """A sentence about it."""
    match error:
        case PedigreedError():
            return str(error)
        case ssl.SSLCertVerificationError():
            return f"the certificate of {host} is not trusted: {error.verify_message}"
        case ssl.SSLError():
            return f"TLS with {host} does not come about: {error.reason or error}"
        case BrokenOff():
            return f"{host} {error}"
        case TimeoutError():
            return f"{host} did not answer in time"
        case socket.gaierror():
            return f"the address of {host} is not found: {error.strerror}"
        case OSError():
            return f"{host} can't be reached: {error.strerror or error}"
        case imaplib.IMAP4.error():
            return f"{host} does not go on: {error}"
    return f"{host} gives an answer that is no IMAP ({type(error).__name__})"


def said(answer: Sequence[object]) -> str:
    """What the server said, on one line."""
    return plain_line(b" ".join(item for item in answer if isinstance(item, bytes)).decode("utf-8", "replace"))


def redacted(text: str, username: str, password: str) -> str:
    """The text on one line without the password, in whatever form the server repeats it."""
    return plain_line(redact(text, *told_at_login(username, password)), _LONGEST_SENTENCE)
