"""An access token (OAuth 2.0) from a command, for servers that take no password."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

from pedigreed.model.failure import ConfigurationInvalid, TryAgain
from pedigreed.redaction import redact, remember

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Sequence

SECONDS = 30.0
"""For the command: it may have to ask a server for a fresh token."""

_LARGEST = 65_536
_LONGEST_COMPLAINT = 200
_CHUNK = 4096
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_LAST_SECONDS = 5.0
_CANNOT_BE_RUN = frozenset(
    {errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.ENOEXEC, errno.EISDIR, errno.ELOOP}
)


async def access_token(command: Sequence[str], within: float = SECONDS) -> str:
    """What the command writes to its standard output: a token on one line, without the white space around it.

    No shell is involved. What it writes is told nowhere, but for the first line of its complaints.

    Args:
        command: a program's absolute path, and its arguments.
        within: seconds that it may take; then it is ended, with all that it started.

    Raises:
        ConfigurationInvalid: it can't be run, fails, or writes no token.
        TryAgain: it takes too long.
    """
    name = f"the token command {command[0]}"
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        if error.errno not in _CANNOT_BE_RUN:
            raise
        raise ConfigurationInvalid(f"{name} can't be run: {error.strerror}") from error
    try:
        async with asyncio.timeout(within):
            said, complaint = await asyncio.gather(_read(process.stdout), _read(process.stderr))
            status = await process.wait()
    except TimeoutError as error:
        await _end(process)
        raise TryAgain(f"{name} took longer than {within:g} seconds") from error
    except BaseException:
        await _end(process)
        raise
    token = remember(said.decode("ascii", "replace").strip())
    if status:
        raise ConfigurationInvalid(f"{name} {_ending(status)}{_first_line(complaint, token)}")
    if not token:
        raise ConfigurationInvalid(f"{name} wrote no token{_first_line(complaint)}")
    if len(said) > _LARGEST or not token.isascii() or not token.isprintable():
        raise ConfigurationInvalid(f"{name} wrote something else than one line of ASCII: a token is that")
    return token


async def _read(stream: asyncio.StreamReader | None) -> bytes:
    """The beginning of a stream, which is read to its end: who writes must not wait for a reader."""
    kept = b""
    while stream and (chunk := await stream.read(_CHUNK)):
        kept = (kept + chunk)[: _LARGEST + 1]
    return kept


async def _end(process: Process) -> None:
    """End the command, and what it started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(TimeoutError):
        async with asyncio.timeout(_LAST_SECONDS):
            await asyncio.gather(_read(process.stdout), _read(process.stderr), process.wait())


def _ending(status: int) -> str:
    return f"ended with status {status}" if status > 0 else f"was ended by signal {-status}"


def _first_line(complaint: bytes, token: str = "") -> str:
    """What the command complains of first, without the token if it is in there."""
    text = complaint.decode("utf-8", "replace").strip()
    first = text.splitlines()[0] if text else ""
    line = " ".join(_UNPRINTABLE.sub(" ", redact(first, token)).split())
    return f": {line[:_LONGEST_COMPLAINT]}" if line else ""
