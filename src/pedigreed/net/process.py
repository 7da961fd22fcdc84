"""Run a program of this machine, without a shell, within limits on time and output."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import signal
from asyncio.subprocess import DEVNULL, PIPE
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pedigreed.redaction import redact

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Mapping, Sequence

LONGEST_OUTPUT = 65_536
"""Bytes that are kept of each stream, and one more where there are more. The rest is read and dropped."""

_CANNOT_BE_RUN = frozenset(
    {errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.ENOEXEC, errno.EISDIR, errno.ELOOP}
)
_LONGEST_LINE = 200
_CHUNK = 4096
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_LAST_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Ended:
    """A program that came to its end.

    Attributes:
        status: its exit status; less than zero for the signal that ended it.
        output: the beginning of what it wrote to its standard output.
        complaint: the same of its standard error.
    """

    status: int
    output: bytes
    complaint: bytes

    @property
    def in_words(self) -> str:
        """``ended with status 1``, or by which signal."""
        return f"ended with status {self.status}" if self.status >= 0 else f"was ended by signal {-self.status}"


async def run_process(
    command: Sequence[str], within: float, given: bytes | None = None, environ: Mapping[str, str] | None = None
) -> Ended:
    """Run a program to its end.

    Args:
        command: its path, and its arguments.
        within: seconds that it may take; then it is ended, with all that it started.
        given: what it gets on its standard input; None for nothing. It need not read it.
        environ: variables that it gets beside those of this process.

    Raises:
        OSError: it can't be started.
        TimeoutError: it took too long.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=DEVNULL if given is None else PIPE,
        stdout=PIPE,
        stderr=PIPE,
        env={**os.environ, **environ} if environ else None,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(within):
            _, output, complaint = await asyncio.gather(
                _give(process.stdin, given or b""), _read(process.stdout), _read(process.stderr)
            )
            status = await process.wait()
    except BaseException:
        await _end(process)
        raise
    return Ended(status, output, complaint)


def cannot_be_run(error: OSError) -> bool:
    """Whether the program itself is what is wrong, and not the machine at the moment."""
    return error.errno in _CANNOT_BE_RUN


def first_line(stream: bytes, *secrets: str) -> str:
    """The first line that is not empty, printable and short, without the secrets."""
    text = stream.decode("utf-8", "replace").strip()
    first = text.splitlines()[0] if text else ""
    return " ".join(_UNPRINTABLE.sub(" ", redact(first, *secrets)).split())[:_LONGEST_LINE]


async def _give(stream: asyncio.StreamWriter | None, given: bytes) -> None:
    if stream is None:
        return
    # A program that reads no more may have had what it needs: its status tells.
    with suppress(BrokenPipeError, ConnectionResetError):
        stream.write(given)
        await stream.drain()
    stream.close()
    with suppress(BrokenPipeError, ConnectionResetError):
        await stream.wait_closed()


async def _read(stream: asyncio.StreamReader | None) -> bytes:
    """The beginning of a stream, which is read to its end: who writes must not wait for a reader."""
    kept = b""
    while stream and (chunk := await stream.read(_CHUNK)):
        kept = (kept + chunk)[: LONGEST_OUTPUT + 1]
    return kept


async def _end(process: Process) -> None:
    """End the program, and what it started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(TimeoutError):
        async with asyncio.timeout(_LAST_SECONDS):
            await asyncio.gather(_read(process.stdout), _read(process.stderr), process.wait())
