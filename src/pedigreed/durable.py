"""Files that survive a power cut: written under another name, brought down to the disk, and renamed into place."""

from __future__ import annotations

import fcntl
import os
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


_FULL_SYNC: int | None = getattr(fcntl, "F_FULLFSYNC", None)
"""On macOS, whose fsync leaves what was written in the disk's own memory."""


def bring_down(descriptor: int) -> None:
    """Bring what was written to a file, or the names in a folder, down to the disk. Raises `OSError`."""
    if _FULL_SYNC is not None:
        # Not every disk that a Mac mounts knows it.
        with suppress(OSError):
            fcntl.fcntl(descriptor, _FULL_SYNC)
            return
    os.fsync(descriptor)


def write_new_file(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a file, down to the disk. Raises `OSError`, also where the file is there.

    Args:
        path: where. Its name is safe only after `keep_names`.
        content: all of it.
        mode: of which the umask takes away.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        bring_down(file.fileno())


def replace_file(path: Path, content: bytes) -> None:
    """Put a file into its place in one step: whenever the power fails, the old one is there or the new one.

    It keeps the mode of the old one; a first one has what the umask leaves. Raises `OSError`: the old one stays.
    """
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        write_new_file(unfinished, content, 0o666)
        if path.exists():
            unfinished.chmod(path.stat().st_mode & 0o7777)
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    keep_names(path.parent)


def keep_names(folder: Path) -> None:
    """Bring the names in a folder down to the disk. Raises `OSError`."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        bring_down(descriptor)
    finally:
        os.close(descriptor)
