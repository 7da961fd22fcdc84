"""The archive's context: the one that CRDS has fixed for a pipeline version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.model.notice import Announcement, Facts, Medium, NoticeKind
from pedigreed.model.pedigree import version_of
from pedigreed.sources.crds.context_history import page_of

if TYPE_CHECKING:
    from pedigreed.sources.crds.bookmark import KnownBuild


def asked_version(cal_ver: str) -> str:
    """The version as the server knows it, without what marks a development version: ``2.0.1``."""
    version = version_of(cal_ver)
    return cal_ver if version is None else version.base_version


def went_down(before: str, cal_ver: str) -> bool:
    """Whether a pipeline version is lower than one before. Those that have no order did not go down."""
    here, there = version_of(cal_ver), version_of(before)
    return here is not None and there is not None and here < there


def announced_build(before: KnownBuild, build: KnownBuild, source: str, url: str) -> Announcement:
    """That the archive's context or its pipeline version is another. The server does not say since when."""
    return Announcement(
        source=source,
        medium=Medium.SERVER,
        identity=f"build {build.cal_ver} {build.context} after {before.cal_ver} {before.context}",
        said_at=None,
        title=f"The archive makes products with {build.cal_ver} and {build.context}",
        text="",
        link=page_of(url, build.context),
        facts=Facts(
            kind=NoticeKind.BUILD,
            context=build.context,
            before=before.context if before.context != build.context else None,
            cal_ver=build.cal_ver,
        ),
    )
