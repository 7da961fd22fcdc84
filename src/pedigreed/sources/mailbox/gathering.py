"""What the mails of one reading bring: announcements of CRDS's, and events of MAST's; and how far it came."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Self

import msgspec

from pedigreed.model.news_source import Reading
from pedigreed.model.notice import Announcement, Facts, Medium, Sender
from pedigreed.sources.about_crds import instrument_of, is_about_crds, of_one_context_each
from pedigreed.sources.mailbox.mail import read_mail
from pedigreed.sources.mailbox.mail_header import without_noise
from pedigreed.sources.mailbox.mast_events import events_in
from pedigreed.sources.plain_text import plain_line

if TYPE_CHECKING:
    from datetime import datetime

    from pedigreed.model.news_source import ArchiveEvent
    from pedigreed.sources.mailbox.mail import ReadMail
    from pedigreed.sources.mailbox.senders import Senders


FIRST = timedelta(days=90)
"""The first reading goes so far back. What is older is no news."""

MOST_MAILS = 1_000
"""Of one reading. The next reading goes on behind them."""

MOST_BYTES = 100_000_000
"""Of all mails of one reading together."""

MOST_SECONDS = 20.0
"""Of one reading, so that what was read is kept soon. The next reading goes on behind it at once."""

MOST_ARCHIVE_EVENTS = 100_000
_MOST_WARNINGS = 20
_LONGEST_SUBJECT = 80
_LONGEST_LIST = 50


class Place(msgspec.Struct, frozen=True):
    """How far a mailbox was read: the bookmark between readings. Each kind of mailbox has its own fields."""

    @classmethod
    def of(cls, bookmark: str | None) -> Self | None:
        """The place that a bookmark tells; None where it is none of this kind: the mailbox is read anew then."""
        if bookmark is None:
            return None
        try:
            return msgspec.json.decode(bookmark, type=cls)
        except msgspec.MsgspecError:
            return None

    def written(self) -> str:
        """The bookmark."""
        return msgspec.json.encode(self).decode()


class Gathering:
    """Takes one mail after the other, and makes a reading of them.

    A mail with events of MAST's is no announcement. One that is about neither is passed over without a word: it
    may be private. So are pedigreed's own digests, and answers of programs. A digest of a list is the mails in it.
    """

    def __init__(self, source: str, senders: Senders) -> None:
        """Begin with nothing.

        Args:
            source: the mailbox's name. What came by a list is called by that.
            senders: whose mails are believed.
        """
        self._source = source
        self._senders = senders
        self._announcements: dict[str, Announcement] = {}
        self._events: dict[ArchiveEvent, None] = {}
        self._warnings: list[str] = []
        self._mails = 0
        self._bytes = 0
        self._ends = time.monotonic() + MOST_SECONDS

    @property
    def is_full(self) -> bool:
        """Whether one reading should bring no more."""
        if self._mails and time.monotonic() >= self._ends:
            return True
        return self._mails >= MOST_MAILS or self._bytes >= MOST_BYTES or len(self._events) >= MOST_ARCHIVE_EVENTS

    def take(self, content: bytes, place: str) -> None:
        """Read one mail.

        Args:
            content: all its bytes.
            place: what it is known by in the mailbox: ``UID 12``.
        """
        self._mails += 1
        self._bytes += len(content)
        mail = read_mail(content)
        for warning in mail.warnings:
            self.warn(f"{named(mail, place)} {warning}")
        if is_digest(mail) or mail.is_automatic:
            return
        if events := events_in(mail.documents):
            self._events.update(dict.fromkeys(events))
            return
        sender = self._senders.judge(mail.authentication)
        for each in mail.letters or (mail,):
            said = f"{each.list_name}\n{each.subject}\n{each.text}"
            if not each.is_automatic and is_about_crds(said, is_of_list=bool(each.list_name)):
                for announcement in of_one_context_each(self._announcement(each, sender)):
                    self._announcements.setdefault(announcement.identity, announcement)

    def pass_over(self, header: bytes, place: str, reason: str) -> None:
        """Name a mail that is not read.

        Args:
            header: what is known of its header; may be empty.
            place: what it is known by in the mailbox.
            reason: the rest of a sentence that begins with the mail.
        """
        self._mails += 1
        self.warn(f"{named(read_mail(header), place)} {reason}")

    def warn(self, sentence: str) -> None:
        """Tell of something odd that does not stop the rest."""
        self._warnings.append(sentence)

    def reading(self, bookmark: str | None, *, is_complete: bool, problems: tuple[str, ...] = ()) -> Reading:
        """What was taken so far."""
        more = len(self._warnings) - _MOST_WARNINGS
        warnings = [
            *self._warnings[:_MOST_WARNINGS],
            *([f"{more} more warnings of this kind"] if more > 0 else []),
        ]
        return Reading(
            announcements=tuple(self._announcements.values()),
            is_complete=is_complete and not problems,
            bookmark=bookmark,
            problems=problems,
            warnings=tuple(warnings),
            events=tuple(self._events),
        )

    def _announcement(self, mail: ReadMail, sender: Sender | None) -> Announcement:
        # A forged mail must not stand in the place of the one whose Message-ID it has.
        forged = f"{sender}:" if sender is Sender.UNVERIFIED else ""
        # Anybody can write into List-Id what he likes, so that it is of a mail is always said.
        instrument = instrument_of(mail.list_name)
        by_list = f"{plain_line(mail.list_name, _LONGEST_LIST)} (mail)" if mail.list_name else ""
        return Announcement(
            source=by_list or self._source,
            medium=Medium.MAIL,
            identity=forged + mail.message_id,
            said_at=mail.said_at,
            title=without_noise(mail.subject),
            text=mail.text,
            facts=Facts(instruments=(instrument,) if instrument else ()),
            sender=sender,
        )


def named(mail: ReadMail, place: str) -> str:
    """A mail as a person finds it: ``the mail UID 12 ("Subject", 2026-11-02)``."""
    known = [f'"{plain_line(mail.subject, _LONGEST_SUBJECT)}"'] if mail.subject else []
    known += [_day(mail.said_at)] if mail.said_at else []
    return f"the mail {place}" + (f" ({', '.join(known)})" if known else "")


def _day(instant: datetime) -> str:
    return instant.date().isoformat()


_LIST_NAME = re.compile(r"[a-z0-9-]+\.pedigreed\.\S+", re.IGNORECASE)
"""The List-Id of a digest: see `delivery.digest_mail`."""


def is_digest(mail: ReadMail) -> bool:
    """Whether it is a digest, as far as its List-Id tells.

    A digest names contexts and files as CRDS's lists do, and carries a list in the form of MAST's events. If it
    comes to the mailbox that is read, it must not be told again.
    """
    return _LIST_NAME.fullmatch(mail.list_name) is not None
