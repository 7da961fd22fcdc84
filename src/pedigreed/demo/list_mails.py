"""The mails that come to the demo's mailbox between day 1 and day 2: a list's digest, and a program's answer."""

from __future__ import annotations

from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING

from pedigreed.demo.list_posts import MIRI_LIST

if TYPE_CHECKING:
    from collections.abc import Iterator

_at = datetime.fromisoformat

_DARK = """\
A new dark for the MIRI imager was delivered to CRDS, in context jwst_1581.
It follows the pixels that turned warm in 2026, which are now subtracted.
MRS and LRS data stay as they are. Change level: MODERATE."""

_CANDIDATE = """\
A candidate of build 12.4 of the calibration pipeline (jwst 2.1.0) is being
tested with context jwst_1580. The day of its installation will be
announced."""

_AWAY = """\
I am out of office until 30 November. Questions about CRDS and the reference
files of JWST are answered by the help desk in the meantime."""

_LIST = f"{MIRI_LIST}@maillist.example"
_ASSEMBLED = _at("2026-11-21T23:00Z")
_ANSWERED = _at("2026-11-21T23:01Z")


def mails_until(now: datetime) -> Iterator[tuple[str, bytes]]:
    """The names and the bytes of the mails that came until a moment, UTC."""
    if now >= _ASSEMBLED:
        yield "digest.eml", bytes(_digest())
    if now >= _ANSWERED:
        yield "answer.eml", bytes(_answer())


def _digest() -> EmailMessage:
    """Two mails of a list in one, as a MIME digest (RFC 2046, section 5.1.5)."""
    digest = _mail(_LIST, f"{MIRI_LIST} Digest - 21 Nov 2026 (#2026-47)", _ASSEMBLED)
    digest["List-Id"] = f"<{MIRI_LIST}.maillist.example>"
    digest["Precedence"] = "list"
    digest.set_content("There are 2 messages totaling 9 lines in this issue.")
    digest.make_mixed()
    carried = EmailMessage()
    carried["Content-Type"] = "multipart/digest"
    for subject, at, text in (
        ("MIRI reference file delivery: DARK (jwst_1581)", _at("2026-11-21T15:10Z"), _DARK),
        ("Build 12.4: candidate", _at("2026-11-21T18:25Z"), _CANDIDATE),
    ):
        inner = _mail("MIRI calibration <miri@obs.example>", subject, at)
        inner.set_content(text)
        part = EmailMessage()
        part.set_content(inner)
        carried.attach(part)
    digest.attach(carried)
    return digest


def _answer() -> EmailMessage:
    answer = _mail("reader@obs.example", f"Automatic reply: {MIRI_LIST} Digest", _ANSWERED)
    answer["Auto-Submitted"] = "auto-replied"
    answer.set_content(_AWAY)
    return answer


def _mail(author: str, subject: str, at: datetime) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = author
    mail["To"] = _LIST
    mail["Subject"] = subject
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{at:%Y%m%d%H%M}@obs.example>"
    return mail
