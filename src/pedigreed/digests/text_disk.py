"""The section of the text that tells of files on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.digests.disk_words import (
    ON_DISK,
    disk_in_words,
    folders_in_order,
    local_command,
    more_folders_in_words,
)
from pedigreed.digests.layout import heading, prose

if TYPE_CHECKING:
    from pedigreed.model.digest import Digest

FOLDERS = 6


def disk_sections(digest: Digest) -> list[list[str]]:
    """On your disk. Absent where no folder is configured."""
    lines: list[str] = []
    title = heading(ON_DISK)
    folders = folders_in_order(digest)
    for each in folders[:FOLDERS]:
        lines += prose(disk_in_words(each), " " * len(title) if lines else title)
        if command := local_command(each):
            lines.append(f"  {command}")
    if left_out := folders[FOLDERS:]:
        lines += prose(more_folders_in_words(left_out), " " * len(title))
    return [lines]
