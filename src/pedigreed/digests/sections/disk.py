"""The sections that tell of the user's disk: which files are older than the archive's, and which were fetched."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from rich.filesize import decimal

from pedigreed.digests.view import Row, Section
from pedigreed.digests.wording import clipped, count, one_line, shell_word, shortlist
from pedigreed.model.digest import older_on_disk
from pedigreed.model.download import DownloadState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pedigreed.digests.view import Budget
    from pedigreed.model.digest import Digest, OnDisk

FILES_NAMED = 2
LONGEST_FILE = 80
"""Columns of a file's name."""
LONGEST_FOLDER = 60
LONGEST_PROBLEM = 200
_LONGEST_COMMAND = 62


def on_your_disk(digest: Digest, budget: Budget) -> Iterator[Section]:
    """A row for each folder, where there are several."""
    shown, left_out = budget.split(_in_order(digest.on_disk) if len(digest.on_disk) > 1 else [])
    more = [_more_folders(left_out)] if left_out else []
    if command := local_command(digest.on_disk):
        more.append(f"To list them: `{command}`")
    yield Section(
        title="ON YOUR DISK",
        summary=_summary(digest.on_disk),
        is_news=True,
        needs_care=bool(digest.unread_folders),
        rows=tuple(Row(f"{clipped(each.folder, LONGEST_FOLDER)}:", _one_of_several(each)) for each in shown),
        more=". ".join(more),
    )


def fetched(digest: Digest, budget: Budget) -> Iterator[Section]:
    """What came of the files that earlier digests told of, where they are fetched for the subscription."""
    if digest.fetched_to is None:
        return
    came = [each for each in digest.downloads if each.state is DownloadState.FETCHED]
    reasons: defaultdict[tuple[DownloadState, str], list[str]] = defaultdict(list)
    for each in digest.downloads:
        if each.state is not DownloadState.FETCHED:
            reasons[each.state, each.reason or "not begun yet"].append(each.filename)
    shown, left_out = budget.split(sorted(reasons.items(), key=lambda item: (item[0][0].value, -len(item[1]))))
    folder = clipped(digest.fetched_to, LONGEST_FOLDER)
    size = f", {decimal(sum(each.size or 0 for each in came))}" if came else ""
    files = count(len(digest.downloads), "file")
    yield Section(
        title="FETCHED",
        summary=f"{_number(len(came))} of {files} that were told before {_is(len(came))} in {folder} now{size}",
        is_news=True,
        needs_care=any(state is DownloadState.MISSING for state, _ in reasons),
        rows=tuple(_not_here(state, clipped(reason, budget.reason), names) for (state, reason), names in shown),
        more=f"and {count(sum(len(names) for _, names in left_out), 'more file')}" if left_out else "",
    )


def _not_here(state: DownloadState, reason: str, names: Sequence[str]) -> Row:
    """``2 did not come:``, ``the archive denies access: jw01180007001_02101_00001_nrca1_cal.fits`` and others."""
    what = "still to come" if state is DownloadState.WAITING else "did not come"
    named = shortlist([clipped(name, LONGEST_FILE) for name in names], FILES_NAMED, "file")
    return Row(f"{len(names):,} {what}:", f"{reason}: {named}")


def disk_in_words(on_disk: OnDisk) -> str:
    """``212 of 3,911 files under /data/jades are older than the archive's; 3 damaged``."""
    folder = clipped(on_disk.folder, LONGEST_FOLDER)
    if on_disk.problem is not None:
        why = clipped(on_disk.problem, LONGEST_PROBLEM)
        return f"{folder} was not looked through, so nothing is known of it now: {why}"
    beside = _beside(on_disk)
    if not on_disk.checked:
        return f"no file under {folder} is among the products that you watch{beside}"
    files = count(on_disk.checked, "file")
    older = on_disk.older
    return f"{_number(older)} of {files} under {folder} {_is(older)} older than the archive's{beside}"


def _beside(on_disk: OnDisk) -> str:
    damaged = f"; {on_disk.damaged:,} damaged" if on_disk.damaged else ""
    return damaged + (f"; {on_disk.unread:,} could not be read" if on_disk.unread else "")


def local_command(folders: Sequence[OnDisk]) -> str:
    """What lists the files: a line to be copied; empty where there is none to list."""
    if not older_on_disk(folders) and not any(each.damaged for each in folders):
        return ""
    if len(folders) > 1:
        return "pedigreed local"
    whole = f"pedigreed local {shell_word(folders[0].folder)}"
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
    beside = _beside(on_disk)
    if not on_disk.checked:
        return f"no product that you watch{beside}"
    return f"{_number(on_disk.older)} of {count(on_disk.checked, 'file')}{beside}"


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
