"""The socket that the HTTP server listens on: a port of this machine, or one in the file system."""

from __future__ import annotations

import errno
import os
import socket
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from pedigreed.config.http import Loopback, UnixSocket

if TYPE_CHECKING:
    from pathlib import Path

SOCKET_MODE = 0o660
"""A proxy that is in the group of the daemon may connect, and nobody else."""


def open_socket(listen: Loopback | UnixSocket) -> socket.socket:
    """A bound socket. Raises `OSError` where somebody listens already, or where nobody can."""
    if isinstance(listen, UnixSocket):
        return _open_unix(listen.path)
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    return socket.create_server((listen.host, listen.port), family=family)


def clear(listen: Loopback | UnixSocket) -> None:
    """Remove what stays in the file system when nobody listens any more."""
    if isinstance(listen, UnixSocket):
        with suppress(OSError):
            if stat.S_ISSOCK(listen.path.lstat().st_mode) and not _is_listened_on(listen.path):
                listen.path.unlink()


def _open_unix(path: Path) -> socket.socket:
    # What a daemon that was killed left behind is in the way of the next one.
    clear(UnixSocket(path))
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        opened.bind(str(path))
        # Nobody can connect before it is listened on.
        path.chmod(SOCKET_MODE)
        opened.listen()
    except OSError:
        opened.close()
        raise
    return opened


def _is_listened_on(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trying:
        trying.settimeout(1.0)
        return trying.connect_ex(os.fspath(path)) not in (errno.ECONNREFUSED, errno.ENOENT)
