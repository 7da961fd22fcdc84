"""The part of a Slack message that tells of files on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.digests.disk_words import (
    ON_DISK,
    disk_in_words,
    folders_in_order,
    local_command,
    more_folders_in_words,
)
from pedigreed.digests.slack_blocks import bold, code, safe, section

if TYPE_CHECKING:
    from pedigreed.digests.slack_blocks import Block
    from pedigreed.model.digest import Digest

FOLDERS = 4


def disk_blocks(digest: Digest, rows: int) -> list[Block]:
    """On your disk: at least one folder, and at most so many."""
    if not digest.on_disk:
        return []
    folders = folders_in_order(digest)
    most = max(1, min(rows, FOLDERS))
    lines: list[str] = []
    for each in folders[:most]:
        title = "" if lines else f"{bold(ON_DISK)}  "
        lines.append(f"{title}{safe(disk_in_words(each))}")
        if command := local_command(each):
            lines.append(code(command))
    if left_out := folders[most:]:
        lines.append(safe(more_folders_in_words(left_out)))
    return [section(lines)]
