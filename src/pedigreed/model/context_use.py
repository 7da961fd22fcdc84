"""The contexts that CRDS has in use, and whether MAST makes products with what a notice tells of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from pedigreed.model.notice import NoticeKind
from pedigreed.model.pedigree import context_number

if TYPE_CHECKING:
    from datetime import datetime

    from pedigreed.model.notice import Notice


@dataclass(frozen=True, slots=True)
class ContextsInUse:
    """The contexts that CRDS had in use when it was last asked. Times are UTC.

    Attributes:
        latest: the newest context that is in use, ``jwst_1583``.
        latest_since: when it became so.
        build: the context that the archive makes products with, ``jwst_1535``; None where it is not known.
        cal_ver: the pipeline version that it belongs to.
    """

    latest: str
    latest_since: datetime | None
    build: str | None
    cal_ver: str | None


class ContextUse(StrEnum):
    """Where a notice's context is in use. Since October 2024 the archive keeps one until its next build."""

    BUILD = "build"
    """The archive makes products with it, or with a later one."""
    LATEST = "latest"
    """It is in use by those who ask for the latest; the archive gets it with a later build."""
    UNKNOWN = "unknown"


def context_use(notice: Notice, contexts: ContextsInUse | None) -> ContextUse:
    """Where the notice's context is in use, by the numbers of contexts, which grow with deliveries.

    There is no time at which the build's context came into use, and a notice without a context has no number:
    that, a file that is marked bad, and a context above the latest (it was rolled back, or CRDS was asked before)
    are not known.
    """
    if contexts is None or notice.kind is NoticeKind.MARKED_BAD or notice.facts.context is None:
        return ContextUse.UNKNOWN
    number = context_number(notice.facts.context)
    build = context_number(contexts.build) if contexts.build else None
    latest = context_number(contexts.latest)
    if number is None:
        return ContextUse.UNKNOWN
    if build is not None and number <= build:
        return ContextUse.BUILD
    return (
        ContextUse.LATEST if build is not None and latest is not None and number <= latest else ContextUse.UNKNOWN
    )
