"""The part of a Slack message that tells of files on disk."""

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
from pedigreed.digests.slack_blocks import bold, code, safe, section

if TYPE_CHECKING:
    from pedigreed.digests.slack_blocks import Block
    from pedigreed.model.digest import Digest

FOLDERS = 4


def disk_blocks(digest: Digest, rows: int) -> list[Block]:
    """On your disk: what it comes to, and at most so many folders."""
    if not digest.on_disk:
        return []
    most = min(rows, FOLDERS)
    folders = folders_in_order(digest) if len(digest.on_disk) > 1 else []
    lines = [f"{bold(ON_DISK)}  {safe(summary_in_words(digest))}"]
    lines += [f"\u2022 {safe(folder_name(each))}: {safe(folder_in_words(each))}" for each in folders[:most]]
    if left_out := folders[most:]:
        lines.append(safe(more_folders_in_words(left_out)))
    if command := local_command(digest.on_disk):
        lines.append(code(command))
    return [section(lines)]
