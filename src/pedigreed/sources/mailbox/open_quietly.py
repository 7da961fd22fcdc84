"""Files of others, opened so that nothing of them changes and nothing waits."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from pathlib import Path

_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
_NO_TIME = getattr(os, "O_NOATIME", 0)
"""Mail programs tell new mails in an mbox by the time of the last reading. Only its owner may keep that."""


def open_quietly(path: Path, *, follows_links: bool = True) -> BinaryIO:
    """A regular file for reading. Raises `OSError`, also for what is no regular file."""
    flags = _FLAGS | (0 if follows_links else os.O_NOFOLLOW)
    try:
        descriptor = os.open(path, flags | _NO_TIME)
    except PermissionError:
        descriptor = os.open(path, flags)
    file = os.fdopen(descriptor, "rb")
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        file.close()
        raise OSError("it is no regular file")
    return file


def in_words(error: OSError) -> str:
    """Why a file can't be read."""
    return error.strerror.lower() if error.strerror else str(error)
