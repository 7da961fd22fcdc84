"""What one source said of CRDS, an announcement; and what happened there, a notice, which joins announcements."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003  # the store reads facts by their types
from enum import StrEnum

from pedigreed.model.instrument import Instrument  # noqa: TC001  # likewise


class Medium(StrEnum):
    """How an announcement was heard."""

    SERVER = "server"
    FEED = "feed"
    MAIL = "mail"


class Sender(StrEnum):
    """What is known of the sender of a mail."""

    VERIFIED = "verified"
    """He is one whom the configuration names, and the mail server that took the mail in says that it is of him."""
    UNVERIFIED = "unverified"
    """He is nobody whom the configuration names, or that server says that the mail is not of him."""


class NoticeKind(StrEnum):
    """What happened in CRDS."""

    DELIVERY = "delivery"
    """Reference files or rules were delivered. Mostly they are in a context that became the latest."""
    BUILD = "build"
    """The archive's context changed, and with it what every product is made with."""
    ROLLBACK = "rollback"
    """An earlier context became the latest again."""
    MARKED_BAD = "marked bad"
    """A file must not be used any more."""
    NOT_UNDERSTOOD = "not understood"
    """Somebody who tells of CRDS said something that names nothing of it. Its words are all that is known."""


_SWITCHES = frozenset({NoticeKind.DELIVERY, NoticeKind.ROLLBACK})


class ChangeLevel(StrEnum):
    """How much a delivery changes, as its authors say in CRDS's delivery form. The most severe is the first."""

    SEVERE = "severe"
    MODERATE = "moderate"
    TRIVIAL = "trivial"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a delivery. What was not named is empty or None, never guessed.

    Attributes:
        kind: what happened; None where it was not said.
        context: the context that it is about, ``jwst_1535``; the new one of two.
        before: the context that was in use before, ``jwst_1464``.
        cal_ver: the pipeline version of a build, ``2.0.1``.
        files: reference and rules files, ``jwst_miri_dark_0072.fits``, sorted.
        instruments: sorted.
        reference_types: CRDS's names, ``dark``, sorted.
        pairs: which type of which instrument, as far as a text pairs them; its other instruments and types may
            belong together or not.
        changed: the instruments and types whose rules differ between the context before and this one, sorted;
            None where CRDS was not asked, or did not tell.
        modes: observing modes, as in ``MRS``, sorted.
        change_level: None where none was said.
        delivered_at: when it was delivered to CRDS, UTC.
        activated_at: when its context became the latest or the archive's, UTC.
    """

    kind: NoticeKind | None = None
    context: str | None = None
    before: str | None = None
    cal_ver: str | None = None
    files: tuple[str, ...] = ()
    instruments: tuple[Instrument, ...] = ()
    reference_types: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()
    change_level: ChangeLevel | None = None
    delivered_at: datetime | None = None
    activated_at: datetime | None = None
    pairs: tuple[tuple[Instrument, str], ...] = ()
    changed: tuple[tuple[Instrument, str], ...] | None = None


@dataclass(frozen=True, slots=True)
class Announcement:
    """One feed entry, one mail, or one record of the server.

    Attributes:
        source: the name of what said it, as digests have it, without secrets: ``CRDS``; of a list's mail the list.
        medium: how it was heard.
        identity: what the source knows it by. The same at each reading; unique within the source.
        said_at: when it was said, UTC; None where the source does not tell.
        title: one line; empty where there is none.
        text: plain text with LF line ends: see `sources.plain_text`.
        link: where it can be read, http or https; None where there is no such page.
        facts: what the source gave as records. What stands in the text only is not among them.
        sender: what is known of the sender of a mail; None where nothing is.
    """

    source: str
    medium: Medium
    identity: str
    said_at: datetime | None
    title: str
    text: str
    link: str | None = None
    facts: Facts = field(default_factory=Facts)
    sender: Sender | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """An announcement as it was kept.

    Attributes:
        key: the row's number. Later rows have greater ones.
        announcement: what was said.
        heard_at: when it was read, UTC.
        was_there: whether it was there when its source was read for the first time, and so is no news.
        facts_read: what its text was read to tell; None where it was not read yet.
        read_by: which version of the reader that was.
    """

    key: int
    announcement: Announcement
    heard_at: datetime
    was_there: bool = False
    facts_read: Facts | None = field(default=None, compare=False)
    read_by: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Outline:
    """What of an announcement as it was kept gives it its notice.

    Attributes:
        key: of the announcement as it was kept.
        at: when it was said, or heard; UTC.
        identity: as its source knows it.
        context: that it is about; None where there is none.
        before: the context before, of a switch that CRDS tells of; else None.
        cal_ver: of a build.
        files: that it calls bad.
        is_known: whether its text was read by the reader that there is now. Of another one nothing is known.
    """

    key: int
    at: datetime
    identity: str
    context: str | None = None
    before: str | None = None
    cal_ver: str | None = None
    files: tuple[str, ...] = ()
    is_known: bool = True


class Again(StrEnum):
    """Why a notice is told once more to those who were told of it."""

    CONFIRMED = "now confirmed by CRDS"
    """Only lists or mails had told of it."""
    MORE = "more than was said"
    """It touches more instruments, types or files, or is more severe."""


@dataclass(frozen=True, slots=True)
class Quotation:
    """What somebody said of a notice.

    Attributes:
        sources: who said it, in the same words.
        said_at: when it was said first, or heard; UTC.
        words: the first sentences that say why, on one line; not empty.
    """

    sources: tuple[str, ...]
    said_at: datetime
    words: str


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that happened in CRDS.

    Attributes:
        name: what people call it and `pedigreed notices show` takes: ``jwst_1535``,
            ``build-2.0.1-jwst_1535``, ``rollback-jwst_1530-2026-09-14``, ``bad-jwst_miri_flat_0804.fits``, or
            ``notice-`` and 12 hexadecimal digits.
        kind: what happened.
        facts: of all announcements together, as far as they agree; the server's word counts most.
        title: one line.
        text: the richest text that was heard; may be empty.
        summary: the first sentences that say why, on one line; may be empty.
        heard: every announcement of it, the first first. At least one.
        quotations: what was said of it, each once, the earliest first.
        again: why it is told although it was told before; None where it was not.
    """

    name: str
    kind: NoticeKind
    facts: Facts
    title: str
    text: str
    summary: str
    heard: tuple[Heard, ...]
    quotations: tuple[Quotation, ...] = ()
    again: Again | None = None

    @property
    def first_heard(self) -> Heard:
        """The announcement that told of it first."""
        return self.heard[0]

    @property
    def is_of_crds(self) -> bool:
        """Whether CRDS itself told of it. What lists and mails tell alone may be early, or forged."""
        return any(heard.announcement.medium is Medium.SERVER for heard in self.heard)

    @property
    def is_of_nobody(self) -> bool:
        """Whether nobody told of it but mails whose sender could not be verified."""
        return all(heard.announcement.sender is Sender.UNVERIFIED for heard in self.heard)

    @property
    def switch(self) -> tuple[str, str] | None:
        """The context before and the context of a switch that CRDS itself tells of; None where it tells of none.

        A text may name two contexts that were never the latest one after the other.
        """
        for heard in self.heard:
            facts = heard.announcement.facts
            is_record = heard.announcement.medium is Medium.SERVER and facts.kind in _SWITCHES
            if is_record and facts.before and facts.context and facts.before != facts.context:
                return facts.before, facts.context
        return None

    @property
    def bad_files(self) -> tuple[str, str] | None:
        """The files that CRDS itself marks bad, as what they were used for is kept: nothing, and their names.

        None where it marks none.
        """
        is_marked = self.kind is NoticeKind.MARKED_BAD and self.is_of_crds and self.facts.files
        return ("", " ".join(self.facts.files)) if is_marked else None

    @property
    def news(self) -> tuple[Heard, ...]:
        """The announcements that make it news: the first of all, the first that is not forged, the server's own.

        What a source had when it was first read is no news, but the server's own fresh word of it is: a list may
        speak of a delivery before it is in use.
        """
        of_somebody = (each for each in self.heard if each.announcement.sender is not Sender.UNVERIFIED)
        firsts = (self.first_heard, next(of_somebody, None))
        return tuple(
            heard
            for heard in self.heard
            if not heard.was_there and (heard in firsts or heard.announcement.medium is Medium.SERVER)
        )
