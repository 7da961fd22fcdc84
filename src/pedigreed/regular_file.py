"""Opening a regular file that others write or name, so that nothing of it changes and nothing waits."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
_NO_TIME = getattr(os, "O_NOATIME", 0)
"""Mail programs tell new mails in an mbox by the time of the last reading. Only its owner may keep that."""


def open_regular(path: str | Path, *, follows_links: bool = True) -> int:
    """The descriptor of a regular file, for reading.

    A device, a pipe or a socket is not even opened: that alone may rewind a tape, or wait. It may take the file's
    place just before it is opened, so that it is looked at again.

    Raises:
        OSError: it can't be opened, or is no regular file.
    """
    _check_regular(Path(path).stat(follow_symlinks=follows_links))
    flags = _FLAGS | (0 if follows_links else os.O_NOFOLLOW)
    try:
        descriptor = os.open(path, flags | _NO_TIME)
    except PermissionError:
        descriptor = os.open(path, flags)
    try:
        _check_regular(os.fstat(descriptor))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def why_unread(error: OSError) -> str:
    """Why a file can't be read, in words without its path."""
    return error.strerror.lower() if error.strerror else str(error)


def _check_regular(status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file")
