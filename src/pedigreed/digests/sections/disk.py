"""The section that tells which files on the user's disk are older than the archive's."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from pedigreed.digests.view import Row, Section
from pedigreed.digests.wording import clipped, count, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pedigreed.digests.view import Budget
    from pedigreed.model.digest import Digest, OnDisk

LONGEST_FOLDER = 60
LONGEST_PROBLEM = 200
_LONGEST_COMMAND = 62


def on_your_disk(digest: Digest, budget: Budget) -> Iterator[Section]:
    """A row for each folder, where there are several. Nothing where none is configured."""
    if not digest.on_disk:
        return
    shown, left_out = budget.split(_in_order(digest.on_disk) if len(digest.on_disk) > 1 else [])
    more = [_more_folders(left_out)] if left_out else []
    if command := local_command(digest.on_disk):
        more.append(f"To list them: `{command}`")
    yield Section(
        title="ON YOUR DISK",
        summary=_summary(digest.on_disk),
        is_news=True,
        needs_care=bool(unread_folders_of(digest)),
        rows=tuple(Row(f"{clipped(each.folder, LONGEST_FOLDER)}:", _one_of_several(each)) for each in shown),
        more=". ".join(more),
    )


def older_on_disk(folders: Iterable[OnDisk]) -> int:
    """How many files are older than the archive's, in the folders that were looked through."""
    return sum(each.older for each in folders if each.problem is None)


def unread_folders_of(digest: Digest) -> list[str]:
    """The folders that were not looked through."""
    return [each.folder for each in digest.on_disk if each.problem is not None]


def disk_in_words(on_disk: OnDisk) -> str:
    """``212 of 3,911 files under /data/jades are older than the archive's; 3 could not be read``."""
    folder = clipped(on_disk.folder, LONGEST_FOLDER)
    if on_disk.problem is not None:
        why = clipped(on_disk.problem, LONGEST_PROBLEM)
        return f"{folder} was not looked through, so nothing is known of it now: {why}"
    unread = f"; {on_disk.unread:,} could not be read" if on_disk.unread else ""
    if not on_disk.checked:
        return f"no file under {folder} is among the products that you watch{unread}"
    files = count(on_disk.checked, "file")
    older = on_disk.older
    return f"{_number(older)} of {files} under {folder} {_is(older)} older than the archive's{unread}"


def local_command(folders: Sequence[OnDisk]) -> str:
    """What lists the files: a line to be copied; empty where there is none to list."""
    if not older_on_disk(folders):
        return ""
    if len(folders) > 1:
        return "pedigreed local"
    whole = f"pedigreed local {shlex.quote(folders[0].folder)}"
    return whole if one_line(whole) == whole and len(whole) <= _LONGEST_COMMAND else "pedigreed local"


def _summary(folders: Sequence[OnDisk]) -> str:
    """What it comes to, in one sentence; of one folder, all there is to say."""
    if len(folders) == 1:
        return disk_in_words(folders[0])
    looked_through = [each for each in folders if each.problem is None]
    if not looked_through:
        return f"none of {count(len(folders), 'folder')} was looked through"
    older, checked = older_on_disk(folders), sum(each.checked for each in looked_through)
    said = f"{_number(older)} of {count(checked, 'file')} {_is(older)} older than the archive's"
    unread = len(folders) - len(looked_through)
    verb = "was" if unread == 1 else "were"
    return f"{said}; {unread:,} of {count(len(folders), 'folder')} {verb} not looked through" if unread else said


def _one_of_several(on_disk: OnDisk) -> str:
    """Of one folder among several: ``212 of 3,870 files``."""
    if on_disk.problem is not None:
        return f"not looked through: {clipped(on_disk.problem, LONGEST_PROBLEM)}"
    unread = f"; {on_disk.unread:,} could not be read" if on_disk.unread else ""
    if not on_disk.checked:
        return f"no product that you watch{unread}"
    return f"{_number(on_disk.older)} of {count(on_disk.checked, 'file')}{unread}"


def _more_folders(left_out: Sequence[OnDisk]) -> str:
    """``and 3 more folders, 40 files older than the archive's``."""
    older = count(older_on_disk(left_out), "file")
    return f"and {count(len(left_out), 'more folder')}, {older} older than the archive's"


def _in_order(folders: Iterable[OnDisk]) -> list[OnDisk]:
    """Those with most old files first, and first of all those that were not looked through."""
    return sorted(folders, key=lambda each: (each.problem is None, -each.older, each.folder))


def _number(number: int) -> str:
    return f"{number:,}" if number else "none"


def _is(number: int) -> str:
    return "are" if number > 1 else "is"
