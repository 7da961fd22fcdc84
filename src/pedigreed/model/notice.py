"""A notice: one thing that happened in CRDS, once, whoever told of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pedigreed.model.announcement import Medium

if TYPE_CHECKING:
    from datetime import datetime

    from pedigreed.model.announcement import Announcement, Facts, NoticeKind


@dataclass(frozen=True, slots=True)
class Heard:
    """An announcement as it was kept.

    Attributes:
        key: the row's number. Later rows have greater ones.
        announcement: what was said.
        heard_at: when it was read, UTC.
        was_there: whether it was there when its source was read for the first time, and so is no news.
    """

    key: int
    announcement: Announcement
    heard_at: datetime
    was_there: bool = False


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
    """

    name: str
    kind: NoticeKind
    facts: Facts
    title: str
    text: str
    summary: str
    heard: tuple[Heard, ...]

    @property
    def first_heard(self) -> Heard:
        """The announcement that told of it first."""
        return self.heard[0]

    @property
    def is_news(self) -> bool:
        """Whether it was heard after its source was read for the first time.

        What a source had then is no news, but the server's own fresh word of it is: a list may speak of a delivery
        before it is in use.
        """
        return not self.first_heard.was_there or any(
            not heard.was_there and heard.announcement.medium is Medium.SERVER for heard in self.heard
        )
