"""A source of CRDS's news: what it brought when it was read, and how its reading stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from pedigreed.model.context_use import ContextsInUse
    from pedigreed.model.notice import Announcement


@dataclass(frozen=True, slots=True)
class ArchiveEvent:
    """What a mail of MAST's own subscriptions says of one file. It has no pedigree.

    Attributes:
        program: the program's number.
        filename: of the product.
        event_type: MAST's word: New, Reprocessed or Public.
        archived_at: when the archive took the file in, UTC; None where it is not said.
    """

    program: int
    filename: str
    event_type: str
    archived_at: datetime | None


@dataclass(frozen=True, slots=True)
class Reading:
    """What a source brought.

    Attributes:
        announcements: all that it has, or all that is new since the bookmark. Known ones do no harm.
        is_complete: whether the source was read to its end.
        bookmark: what the source wants to be given the next time, as text; None to begin anew.
        problems: why it was not complete, one sentence each, without secrets; for people.
        warnings: what was odd, was left out and does not stop the rest.
        events: what MAST's own mails tell.
        contexts: the contexts in use; of the server only.
    """

    announcements: tuple[Announcement, ...]
    is_complete: bool
    bookmark: str | None = None
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    events: tuple[ArchiveEvent, ...] = ()
    contexts: ContextsInUse | None = None


@dataclass(frozen=True, slots=True)
class SourceState:
    """One source. All times are UTC.

    Attributes:
        name: the source's.
        asked_at: when it was last read.
        complete_at: when it was last read to its end; None if it never was.
        failures: how many readings in a row were not complete.
        problem: why the last reading was not complete; None if it was.
        bookmark: what the source wants to be given the next time.
    """

    name: str
    asked_at: datetime
    complete_at: datetime | None = None
    failures: int = 0
    problem: str | None = None
    bookmark: str | None = None
