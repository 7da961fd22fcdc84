"""What is fetched to which place, and what is not. Pure: what lies on the disk is told.

A list may come from anybody. A name of it is taken only where it is one plain word that begins as JWST's names do,
so that no place is outside of the folder that was chosen.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pedigreed.changes.copies import is_newer_here

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pedigreed.fetching.wanted import Wanted
    from pedigreed.model.pedigree import Pedigree

_NAME = re.compile(
    r"(?P<program>jw[0-9]{5})(?:(?P<visit>[0-9]{6})_|-(?P<association>[a-z][0-9]{3,4})_)?[\w.+-]*"
    r"(?<!\.part)(?<!\.md5)",
    re.ASCII,
)
_LONGEST_NAME = 210
"""Characters. What is added while it is fetched, and to an old file that is kept, has to fit into 255."""

_UNFIT = re.compile(r"[^\w.+-]", re.ASCII)


@dataclass(frozen=True, slots=True)
class OldFile:
    """A file that a new one would replace, as it was when it was looked at.

    Attributes:
        path: absolute.
        size: bytes.
        mtime_ns: when it was last written, nanoseconds since 1970.
        pedigree: of its header; None where it has none that can be read.
    """

    path: str
    size: int
    mtime_ns: int
    pedigree: Pedigree | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A file to fetch, its absolute place, and the old file that lies there."""

    wanted: Wanted
    place: str
    old: OldFile | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """What is not fetched on purpose: a name or a path, and why."""

    name: str
    reason: str


@dataclass(slots=True)
class Plan:
    """What to do, and what is left out."""

    jobs: list[Job] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)

    @property
    def bytes(self) -> int:
        """How many are to be fetched, as far as the archive's list tells."""
        return sum(job.wanted.size or 0 for job in self.jobs)

    @property
    def unsized(self) -> int:
        """How many files the archive's list does not tell the size of."""
        return sum(job.wanted.size is None for job in self.jobs)


def plan_fetch(
    wanted: Iterable[Wanted],
    old: Mapping[str, Sequence[OldFile]],
    folder: str,
    *,
    is_flat: bool,
    includes_custom: bool,
) -> Plan:
    """Decide on places.

    Args:
        wanted: the files.
        old: the old files by name. A file goes where they lie; one without goes into the folder.
        folder: absolute; ``jwPPPPP`` below it holds the files of a program.
        is_flat: whether they go into the folder itself.
        includes_custom: whether files that are newer here than in the archive are replaced, too.
    """
    plan = Plan()
    for each in {file.filename: file for file in wanted}.values():
        name = each.filename
        match = _NAME.fullmatch(name)
        if match is None or len(name) > _LONGEST_NAME:
            plan.left.append(Left(name, "it is no name of a JWST file"))
            continue
        if not old.get(name):
            parts = (folder, name) if is_flat else (folder, match["program"], name)
            plan.jobs.append(Job(each, posixpath.join(*parts)))
        for here in old.get(name, ()):
            if not includes_custom and _is_newer_here(here, each):
                plan.left.append(Left(here.path, "yours is newer"))
            else:
                plan.jobs.append(Job(each, here.path, here))
    return plan


def _is_newer_here(old: OldFile, wanted: Wanted) -> bool:
    return bool(old.pedigree and wanted.pedigree and is_newer_here(old.pedigree, wanted.pedigree))


def room_needed(jobs: Iterable[Job], *, keeps_old: bool, at_once: int) -> int:
    """How many bytes of a disk are in use at most on the way, beyond those that are now.

    An old file goes when its new one is whole. So the largest ones that are under way at once lie there twice.
    """
    sizes = [(job.wanted.size or 0, 0 if keeps_old or job.old is None else job.old.size) for job in jobs]
    under_way = sum(sorted((min(pair) for pair in sizes), reverse=True)[:at_once])
    return max(0, sum(new - old for new, old in sizes)) + under_way


def kept_name(filename: str, pedigree: Pedigree | None) -> str:
    """What an old file is called that is kept beside the new one: ``NAME.1.20.2.jwst_1464.pmap``."""
    keywords = (pedigree.cal_ver, pedigree.crds_ctx) if pedigree else ()
    written = ".".join(_UNFIT.sub("_", keyword) for keyword in keywords if keyword)
    return f"{filename}.{written[:30] or 'old'}"


def public_copy(filename: str) -> str | None:
    """The path of a file in the public copy that STScI keeps on S3 (`stpubdata`); None if it is not known.

    Products of an exposure lie below its visit, those of stage 3 below their association: seen in public code,
    as ``jw02731/jw02731001001/FILE`` and ``jw02727/L3/t/o002/FILE``.
    """
    match = _NAME.fullmatch(filename)
    if match is None:
        return None
    program = match["program"]
    if match["visit"]:
        return f"jwst/public/{program}/{program}{match['visit']}/{filename}"
    if match["association"] and filename[len(program) + len(match["association"]) + 2] == "t":
        return f"jwst/public/{program}/L3/t/{match['association']}/{filename}"
    return None
