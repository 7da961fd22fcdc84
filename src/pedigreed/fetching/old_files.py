"""What lies on the disk already of the files that are wanted, where they go, and how much room there is."""

from __future__ import annotations

import os
import shutil
import stat
from collections import defaultdict
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pedigreed.fetching.plan import Left, plan_fetch
from pedigreed.model.local_file import LocalFile
from pedigreed.model.pedigree import Pedigree
from pedigreed.sources.disk.product_files import read_product

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from pedigreed.fetching.plan import Job, Plan
    from pedigreed.fetching.wanted_file import WantedFile


def find_old_files(folder: str, names: Collection[str]) -> tuple[dict[str, list[LocalFile]], list[Left]]:
    """The files of some names in a folder and below it, by name; and the links out of it, which are left alone.

    A link to a file within the folder counts as that file. Links to folders are not followed.
    """
    found: dict[str, dict[str, LocalFile]] = defaultdict(dict)
    left = []
    wanted = frozenset(names)
    for here, _, files in os.walk(folder):
        for name in sorted(wanted.intersection(files)):
            path = os.path.realpath(os.path.join(here, name))  # noqa: PTH118  # a walk has texts
            if not is_inside(folder, path):
                left.append(Left(os.path.join(here, name), "it is a link out of the folder"))  # noqa: PTH118  # as above
            elif (old := old_file(path)) is not None:
                found[name][path] = old
    return {name: list(files.values()) for name, files in found.items()}, left


def plan_to_folder(wanted: Iterable[WantedFile], folder: str, *, flat: bool, include_custom: bool) -> Plan:
    """Decide on places in a folder. What a link leads out of it is left alone."""
    files = sorted(wanted, key=lambda file: file.filename)
    old, links = find_old_files(folder, {file.filename for file in files})
    outside = {Path(link.name).name for link in links}
    plan = plan_fetch(
        (file for file in files if file.filename not in outside or file.filename in old),
        old,
        folder,
        is_flat=flat,
        includes_custom=include_custom,
    )
    leaving = [job for job in plan.jobs if job.old is None and not is_inside(folder, job.place)]
    plan.jobs = [job for job in plan.jobs if job not in leaving]
    plan.left += links + [Left(job.place, "a link leads it out of the folder") for job in leaving]
    return plan


def old_file(path: str) -> LocalFile | None:
    """A file as it is now; None where there is none, or something else than a regular file."""
    now = datetime.now(UTC)
    try:
        return read_product(path, now)
    except OSError:
        with suppress(OSError):
            status = Path(path).stat()
            if stat.S_ISREG(status.st_mode):
                return LocalFile(path, Pedigree(None, None, None), status.st_size, status.st_mtime_ns, now)
    return None


def is_inside(folder: str, path: str) -> bool:
    """Whether a path, with all links followed, is within a folder."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def bytes_in(folder: str) -> int:
    """How much the files in a folder and below it have. Links are not followed."""
    found = 0
    for here, _, files in os.walk(folder):
        for name in files:
            with suppress(FileNotFoundError):
                status = os.lstat(os.path.join(here, name))  # noqa: PTH118  # a walk has texts
                found += status.st_size if stat.S_ISREG(status.st_mode) else 0
    return found


def room_by_disk(jobs: Iterable[Job]) -> dict[int, tuple[str, int, list[Job]]]:
    """Of each disk that files go to: a folder on it, how many bytes are free, and the files."""
    disks: dict[int, tuple[str, int, list[Job]]] = {}
    for job in jobs:
        folder = Path(job.place).parent
        while not folder.exists():
            folder = folder.parent
        device = folder.stat().st_dev
        if device not in disks:
            disks[device] = (str(folder), shutil.disk_usage(folder).free, [])
        disks[device][2].append(job)
    return disks
