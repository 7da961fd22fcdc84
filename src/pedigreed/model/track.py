"""Whether the archive makes products with what CRDS delivered."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from pedigreed.model.announcement import NoticeKind
from pedigreed.model.pedigree import context_number

if TYPE_CHECKING:
    from pedigreed.model.notice import Notice, Tracks


class Track(StrEnum):
    """Where a delivery has come. Since October 2024 the archive keeps one context until its next build."""

    LATEST = "latest"
    """In the newest context only: for those who ask for it, and for the archive with a later build."""
    ARCHIVE = "archive"
    """In the context that the archive makes products with."""
    UNKNOWN = "unknown"


def track_of(notice: Notice, tracks: Tracks | None) -> Track:
    """Where a notice's context stands.

    Contexts are numbered as they are made, and a later one holds what the earlier ones have, so their numbers
    tell. A rollback is about the newest context alone.
    """
    if notice.kind is NoticeKind.BUILD:
        return Track.ARCHIVE
    ours = context_number(notice.facts.context or "")
    build = context_number(tracks.build or "") if tracks else None
    if ours is None or build is None or notice.kind is not NoticeKind.DELIVERY:
        return Track.UNKNOWN
    return Track.ARCHIVE if ours <= build else Track.LATEST
