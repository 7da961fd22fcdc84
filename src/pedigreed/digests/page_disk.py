"""The section of a page that tells of files on disk."""

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
    unread_folders_of,
)
from pedigreed.digests.page import Row, Section
from pedigreed.digests.wording import sentence

if TYPE_CHECKING:
    from pedigreed.model.digest import Digest


def disk_sections(digest: Digest, rows: int) -> list[Section]:
    """On your disk. Absent where no folder is configured."""
    if not digest.on_disk:
        return []
    folders = folders_in_order(digest) if len(digest.on_disk) > 1 else []
    left_out, command = folders[rows:], local_command(digest.on_disk)
    more = [more_folders_in_words(left_out)] if left_out else []
    more += [f"To list them: {command}"] if command else []
    return [
        Section(
            ON_DISK,
            sentence(summary_in_words(digest)),
            needs_care=bool(unread_folders_of(digest)),
            rows=tuple(Row(f"{folder_name(each)}:", folder_in_words(each)) for each in folders[:rows]),
            more=". ".join(more),
        )
    ]
