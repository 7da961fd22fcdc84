"""The contexts that CRDS and MAST have in use, and whether MAST makes products with what a notice tells of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from pedigreed.model.notice import NoticeKind
from pedigreed.model.pedigree import context_number, version_of

if TYPE_CHECKING:
    from datetime import datetime

    from pedigreed.model.notice import Notice


@dataclass(frozen=True, slots=True)
class ContextsInUse:
    """The contexts that CRDS had in use when it was last asked. Times are UTC.

    Attributes:
        latest: the newest context that is in use, ``jwst_1583``.
        latest_since: when it became so.
        build: the context that CRDS has fixed for the archive's newest pipeline version, ``jwst_1535``; None where
            it is not known. For a version that it does not know, the server may name another one's.
        cal_ver: that pipeline version.
        made: CRDS_CTX of the newest product that was made with it; None where none is known.
    """

    latest: str
    latest_since: datetime | None
    build: str | None
    cal_ver: str | None
    made: str | None = None

    @property
    def archive(self) -> str | None:
        """The context that MAST makes products with. Where CRDS and the products differ, the products' counts."""
        return self.made or self.build

    @property
    def is_certain(self) -> bool:
        """Whether CRDS and the products name the same."""
        return self.made is not None and self.made == self.build


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
    build = context_number(contexts.archive) if contexts.archive else None
    latest = context_number(contexts.latest)
    if number is None:
        return ContextUse.UNKNOWN
    if build is not None and number <= build:
        return ContextUse.BUILD
    return (
        ContextUse.LATEST if build is not None and latest is not None and number <= latest else ContextUse.UNKNOWN
    )


def is_installed(notice: Notice, contexts: ContextsInUse | None) -> bool:
    """Whether MAST makes products with the build that a notice tells of.

    Only CRDS's context for the archive and CRDS_CTX of products that were made can tell. Texts name builds weeks
    before they are installed, candidates that never are, and earlier ones.
    """
    facts = notice.facts
    if contexts is None or not contexts.is_certain or not (facts.context or facts.cal_ver):
        return False
    is_version = facts.cal_ver is None or contexts.cal_ver is None or _is_same(facts.cal_ver, contexts.cal_ver)
    return is_version and facts.context in {None, contexts.build}


def _is_same(one: str, other: str) -> bool:
    first, second = version_of(one), version_of(other)
    if first is None or second is None:
        return one == other
    return first.base_version == second.base_version
