"""Whether the archive makes products with what CRDS delivered."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from pedigreed.model.announcement import NoticeKind
from pedigreed.model.pedigree import context_number

if TYPE_CHECKING:
    from pedigreed.model.notice import Notice, Tracks


class Track(StrEnum):
    """Where a notice's context is in use. Since October 2024 the archive keeps one until its next build."""

    BUILD = "build"
    """The archive makes products with it, or with a later one."""
    LATEST = "latest"
    """It is in use by those who ask for the latest; the archive gets it with a later build."""
    UNKNOWN = "unknown"


def track_of(notice: Notice, tracks: Tracks | None) -> Track:
    """Where the notice's context is in use, by the numbers of contexts, which grow with deliveries.

    `Tracks` has no time at which the build's context came into use, and a notice without a context has no number:
    that, a file that is marked bad, and a context above the latest (it was rolled back, or CRDS was asked before)
    are not known.
    """
    if tracks is None or notice.kind is NoticeKind.MARKED_BAD or notice.facts.context is None:
        return Track.UNKNOWN
    number = context_number(notice.facts.context)
    build = context_number(tracks.build) if tracks.build else None
    latest = context_number(tracks.latest)
    if number is None:
        return Track.UNKNOWN
    if build is not None and number <= build:
        return Track.BUILD
    return Track.LATEST if build is not None and latest is not None and number <= latest else Track.UNKNOWN
