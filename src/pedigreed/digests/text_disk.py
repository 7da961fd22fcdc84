"""The section of the text that tells of files on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.digests.disk_words import (
    ON_DISK,
    folder_in_words,
    folder_name,
    folders_in_order,
    local_command,
    more_folders_in_words,
    summary_in_words,
)
from pedigreed.digests.layout import heading, prose

if TYPE_CHECKING:
    from pedigreed.model.digest import Digest

FOLDERS = 6


def disk_sections(digest: Digest) -> list[list[str]]:
    """On your disk. Absent where no folder is configured."""
    if not digest.on_disk:
        return []
    lines = prose(summary_in_words(digest), heading(ON_DISK))
    folders = folders_in_order(digest) if len(digest.on_disk) > 1 else []
    for each in folders[:FOLDERS]:
        lines += prose(f"{folder_name(each)}: {folder_in_words(each)}", "  ", "    ")
    if left_out := folders[FOLDERS:]:
        lines += prose(more_folders_in_words(left_out), "  ")
    if command := local_command(digest.on_disk):
        lines.append(f"  to list them: {command}")
    return [lines]
