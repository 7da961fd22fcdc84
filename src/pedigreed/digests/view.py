"""The view of a digest: its sections in words and numbers, which text, HTML and Slack print each in its own way.

Every text is plain and on one line; a command stands in backticks. Nothing in it is markup: a printer escapes all
of it. An address is empty where there is no page to link to. An operator's own HTML template gets a view as
`page`, so docs/templates.md has the same fields for people, and a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

Item = TypeVar("Item")


class Budget(NamedTuple):
    """How much a format has room for. A section shows no more, and counts what it leaves out.

    Attributes:
        groups: pedigrees of one kind of change, each with the programs that moved to it.
        rows: of one section.
        notices: of one section.
        types: reference types of one notice.
        programs: that one row names.
        bars: of one section.
        quote: columns of what is quoted, which ends with a sentence.
        reason: columns of a reason or a note, which others may have written.
        has_about: whether it is said what a program is about.
        has_files: whether the lists of changes and downloads go with it.
    """

    groups: int = 4
    rows: int = 12
    notices: int = 12
    types: int = 8
    programs: int = 60
    bars: int = 3
    quote: int = 500
    reason: int = 300
    has_about: bool = True
    has_files: bool = True

    def split(self, items: Sequence[Item]) -> tuple[Sequence[Item], Sequence[Item]]:
        """What has a row, and what is to be counted instead. Without rows, the section's summary counts all."""
        return items[: self.rows], items[self.rows :] if self.rows else ()


@dataclass(frozen=True, slots=True)
class Bar:
    """How far a whole has come.

    Attributes:
        percent: from 0 to 100, a whole number; at least 1 of what has begun, at most 99 of what has not ended.
        words: what it is about; empty where the section's summary tells it.
    """

    percent: int
    words: str


@dataclass(frozen=True, slots=True)
class Value:
    """A keyword in two pedigrees.

    Attributes:
        keyword: ``CAL_VER``, ``CRDS_CTX`` or ``DATE``.
        old: its value before.
        new: its value now.
        old_build: the DMS build of the version before, ``B12.1.1``; empty where it is not known.
        new_build: the DMS build of the version now.
        new_page: the address of a page about the value now.
        is_other: whether the two differ.
    """

    keyword: str
    old: str
    new: str
    old_build: str = ""
    new_build: str = ""
    new_page: str = ""
    is_other: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """One program, or whatever else a section counts.

    Attributes:
        name: what it is about, such as a program's number; may be empty.
        page: the address of a page about it.
        number: how many products; empty where they are not counted.
        words: the rest.
        details: one line each, below it.
        about: what the program is about, where it is named first; empty where MAST does not say, or there is no
            room.
    """

    name: str
    words: str
    page: str = ""
    number: str = ""
    details: tuple[str, ...] = ()
    about: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Programs whose products went the same way.

    Attributes:
        rows: one for each program.
        more: what is left out; empty where nothing is.
        values: the pedigree before and now, keyword by keyword; none where it is one pedigree.
        pedigree: that one pedigree; empty where there are two, or none.
    """

    rows: tuple[Row, ...]
    more: str = ""
    values: tuple[Value, ...] = ()
    pedigree: str = ""


@dataclass(frozen=True, slots=True)
class Touched:
    """A reference type that a delivery touches.

    Attributes:
        name: CRDS's, ``photom``.
        where: the steps that use it and their stages: ``photom step, stage 2``.
        effect: what a change of it changes: ``absolute flux calibration``.
    """

    name: str
    where: str
    effect: str

    def __str__(self) -> str:
        return f"{self.name}: {self.where}: {self.effect}"


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that happened in CRDS.

    Attributes:
        name: what it is about, such as a context.
        page: the address of a page about it.
        news: what happened.
        quotes: why, in the words of those who told of it, in quotation marks; with their names where there are
            several.
        touched: the reference types.
        more: how many types are left out; empty where none is.
        outlook: when it reaches the archive; empty where that is no question.
        sources: who told of it.
    """

    name: str
    page: str
    news: str
    quotes: tuple[str, ...]
    touched: tuple[Touched, ...]
    more: str
    outlook: str
    sources: str

    @property
    def quote(self) -> str:
        """The quotes as one text, for templates that were made when there was one."""
        return " ".join(self.quotes)


@dataclass(frozen=True, slots=True)
class Section:
    """One thing that is told.

    Attributes:
        title: in capitals, ``REPROCESSED``.
        summary: the number that matters, and of what.
        is_news: whether something happened, in the archive, in CRDS or on a disk; the rest is about the watching.
        needs_care: whether it may be trouble: data that went back, or are gone, or were not looked at.
        bars: how far it has come.
        groups: of changes, the largest first.
        rows: of all other sections.
        notices: what happened in CRDS.
        more: what is left out; empty where nothing is.
    """

    title: str
    summary: str
    is_news: bool = False
    needs_care: bool = False
    bars: tuple[Bar, ...] = ()
    groups: tuple[Group, ...] = ()
    rows: tuple[Row, ...] = ()
    notices: tuple[Notice, ...] = ()
    more: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """A file that goes with the digest, or one that can be had.

    Attributes:
        name: its name.
        words: what it holds; may be empty.
        page: the address to have it from; empty for an attachment.
    """

    name: str
    words: str = ""
    page: str = ""


@dataclass(frozen=True, slots=True)
class Download:
    """How to get what changed.

    Attributes:
        files: the products, where they are few.
        words: where to do it; empty where no list of the files is attached.
        command: the line that does it.
        other_way: who does it by lines of Python.
        code: those.
    """

    files: tuple[File, ...]
    words: str = ""
    command: str = ""
    other_way: str = ""
    code: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """A whole digest.

    Attributes:
        subject: of the mail.
        news: the same for a heading, where there is more room: at most 120 characters.
        subscription: its name.
        programs: which programs it watches.
        period: from when to when, in the configured zone and UTC.
        sections: what is told, in reading order. A section without content is absent.
        attached: the files that go with it.
        left_out: where to find what the files do not hold; empty where they hold all.
        download: how to get what changed; None where there is nothing to get.
        reason: why one gets it, and who takes questions.
    """

    subject: str
    news: str
    subscription: str
    programs: str
    period: str
    sections: tuple[Section, ...] = ()
    attached: tuple[File, ...] = ()
    left_out: str = ""
    download: Download | None = None
    reason: str = ""


ViewWithin = Callable[[Budget], View]
"""Makes the view of a digest within a budget. A printer asks for less until what it prints is small enough."""
