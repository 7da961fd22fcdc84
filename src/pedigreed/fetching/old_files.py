"""What lies on the disk already of the files that are wanted, and how much room there is."""

from __future__ import annotations

import os
import shutil
import stat
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pedigreed.fetching.plan import Left, OldFile
from pedigreed.model.failure import Unreadable
from pedigreed.sources.disk.product_files import read_pedigree

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from pedigreed.fetching.plan import Job


def find_old_files(folder: str, names: Collection[str]) -> tuple[dict[str, list[OldFile]], list[Left]]:
    """The files of some names in a folder and below it, by name; and the links out of it, which are left alone.

    A link to a file within the folder counts as that file. Links to folders are not followed.
    """
    found: dict[str, dict[str, OldFile]] = defaultdict(dict)
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


def old_file(path: str) -> OldFile | None:
    """A file as it is now; None where there is none, or something else than a regular file."""
    with suppress(OSError):
        status = Path(path).stat()
        if not stat.S_ISREG(status.st_mode):
            return None
        pedigree = None
        with suppress(OSError, Unreadable):
            pedigree = read_pedigree(path)[0]
        return OldFile(path, status.st_size, status.st_mtime_ns, pedigree)
    return None


def is_inside(folder: str, path: str) -> bool:
    """Whether a path, with all links followed, is within a folder."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


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
