"""What is fetched to which place, and what is not. Pure: what lies on the disk is told.

A list may come from anybody. A name of it is taken only where it is one plain word that begins as JWST's names do,
so that no place is outside of the folder that was chosen.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pedigreed.changes.copies import OUT_OF_DATE, Standing, is_newer_here, is_of_no_release
from pedigreed.fetching.wanted_file import WantedFile
from pedigreed.model.product_name import parse_product_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pedigreed.changes.copies import Copy
    from pedigreed.model.local_file import LocalFile
    from pedigreed.model.pedigree import Pedigree
    from pedigreed.model.product import Product

_NAME = re.compile(
    r"(?P<program>jw[0-9]{5})(?:(?P<visit>[0-9]{6})_|-(?P<association>[a-z][0-9]{3,4})_)?[\w.+-]*"
    r"(?<!\.part)(?<!\.md5)",
    re.ASCII,
)
_LONGEST_NAME = 210
"""Characters. What is added while it is fetched, and to an old file that is kept, has to fit into 255."""

_UNFIT = re.compile(r"[^\w.+-]", re.ASCII)


@dataclass(frozen=True, slots=True)
class Job:
    """A file to fetch, its absolute place, and the old file that lies there, as it was when it was looked at."""

    wanted: WantedFile
    place: str
    old: LocalFile | None = None

    @property
    def keeps_old(self) -> bool:
        """Whether the old file stays beside the new one in any case: of another name, it may be one's own work."""
        return self.old is not None and self.old.named is not None


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
    wanted: Iterable[WantedFile],
    old: Mapping[str, Sequence[LocalFile]],
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


def plan_renewal(
    copies: Iterable[Copy], records: Mapping[str, Product], folders: Sequence[str], *, includes_custom: bool
) -> Plan:
    """Decide what takes the place of files that are out of date.

    Args:
        copies: files on disk, judged.
        records: what the archive says of those that it does not list, by name.
        folders: absolute, with all links followed. What lies elsewhere is left alone.
        includes_custom: whether files that are newer here than in the archive are replaced, too.
    """
    plan = Plan()
    chosen = OUT_OF_DATE | ({Standing.NEWER} if includes_custom else frozenset())
    for copy in copies:
        file, product = copy.file, copy.product
        if product is None or copy.is_judged_by_another:
            product = records.get(file.filename)
        if copy.standing is Standing.NEWER and not includes_custom:
            plan.left.append(Left(file.path, "yours is newer"))
        elif copy.standing not in chosen:
            continue
        elif reason := _why_left(copy, product, folders):
            plan.left.append(Left(file.path, reason))
        elif product and not includes_custom and is_newer_here(file.pedigree, product.pedigree):
            plan.left.append(Left(file.path, f"{copy.reason}; and yours is newer"))
        else:
            wanted = WantedFile.of(product) if product else WantedFile(file.filename, copy.program)
            plan.jobs.append(Job(wanted, file.place, file))
    return plan


def _why_left(copy: Copy, product: Product | None, folders: Sequence[str]) -> str | None:
    if not parse_product_name(copy.file.filename).is_recognised:
        return "neither its name nor its header says which product it is"
    if copy.file.is_packed:
        return "it is packed: unpack it, and call again"
    if not any(f"{copy.file.place}/".startswith(f"{folder.rstrip('/')}/") for folder in folders):
        return "a link leads it out of the folder"
    if copy.standing is Standing.DAMAGED and product is None:
        return "it is damaged, and MAST does not list it"
    return None


def _is_newer_here(old: LocalFile, wanted: WantedFile) -> bool:
    if wanted.pedigree is None:
        return is_of_no_release(old.pedigree.cal_ver)
    return is_newer_here(old.pedigree, wanted.pedigree)


def room_needed(jobs: Iterable[Job], *, keeps_old: bool, at_once: int) -> int:
    """How many bytes of a disk are in use at most on the way, beyond those that are now, in any order.

    An old file goes when its new one is whole. So the largest ones that are under way at once lie there twice.
    """
    room = _Room(at_once, keeps_old=keeps_old)
    for job in jobs:
        room.take(job)
    return room.needed


def fitting(jobs: Iterable[Job], room: int, *, at_once: int) -> tuple[list[Job], list[Job]]:
    """The jobs that can be done in so many bytes, in their order as far as it goes, and the others."""
    chosen, others = [], []
    taken = _Room(at_once, keeps_old=False)
    for job in jobs:
        if taken.with_one_more(job) <= room:
            taken.take(job)
            chosen.append(job)
        else:
            others.append(job)
    return chosen, others


class _Room:
    """What files take of a disk on the way."""

    def __init__(self, at_once: int, *, keeps_old: bool) -> None:
        self._at_once = at_once
        self._keeps_old = keeps_old
        self._more = 0
        self._twice: list[int] = []

    @property
    def needed(self) -> int:
        return self._more + sum(self._twice)

    def with_one_more(self, job: Job) -> int:
        more, twice = self._of(job)
        return self._more + more + sum(sorted([*self._twice, twice])[-self._at_once :])

    def take(self, job: Job) -> None:
        more, twice = self._of(job)
        self._more += more
        self._twice = sorted([*self._twice, twice])[-self._at_once :]

    def _of(self, job: Job) -> tuple[int, int]:
        """By how much the new file is larger than the one that goes, and how much of it lies there beside that."""
        new = job.wanted.size or 0
        old = 0 if job.old is None or self._keeps_old or job.keeps_old else job.old.size
        return max(0, new - old), min(new, old)


def kept_name(filename: str, pedigree: Pedigree) -> str:
    """What an old file is called that is kept beside the new one: ``NAME.1.20.2.jwst_1464.pmap``."""
    keywords = (pedigree.cal_ver, pedigree.crds_ctx)
    written = ".".join(_UNFIT.sub("_", keyword) for keyword in keywords if keyword)
    return f"{filename}.{written[:40] or 'old'}"


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
