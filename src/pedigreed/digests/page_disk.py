"""The section of a page that tells of files on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.digests.disk_words import (
    ON_DISK,
    disk_in_words,
    folders_in_order,
    local_command,
    more_folders_in_words,
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
    first, *others = folders_in_order(digest)
    told = [
        local_command(first),
        *(line for each in others[:rows] for line in (disk_in_words(each), local_command(each))),
    ]
    left_out = others[rows:]
    return [
        Section(
            ON_DISK,
            sentence(disk_in_words(first)),
            needs_care=bool(unread_folders_of(digest)),
            rows=tuple(Row("", line) for line in told if line),
            more=more_folders_in_words(left_out) if left_out else "",
        )
    ]
