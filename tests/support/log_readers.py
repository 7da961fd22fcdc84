"""A Python process, and what it writes to stderr: a pipe, a terminal or what it takes for the journal."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from commands import environment

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Heard:
    """How the process ended, and what it wrote."""

    code: int
    err: str

    @property
    def lines(self) -> list[str]:
        return self.err.splitlines()


def by_pipe(*arguments: str | Path, **environ: str) -> Heard:
    """Its stderr is a pipe."""
    return _heard(os.pipe(), arguments, environ)


def by_journal(*arguments: str | Path, **environ: str) -> Heard:
    """Its stderr is a pipe that $JOURNAL_STREAM names, as systemd does it."""
    ends = os.pipe()
    status = os.fstat(ends[1])
    return _heard(ends, arguments, {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}", **environ})


def by_terminal(*arguments: str | Path, **environ: str) -> Heard:
    """Its stderr is a terminal."""
    return _heard(os.openpty(), arguments, {"TERM": "xterm", **environ})


def _heard(ends: tuple[int, int], arguments: tuple[str | Path, ...], environ: dict[str, str]) -> Heard:
    """Read one end while the process writes to the other."""
    mine, its = ends
    try:
        process = subprocess.Popen(
            [sys.executable, *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=its,
            env=environment(environ),
        )
    finally:
        os.close(its)
    read = b""
    with open(mine, "rb", buffering=0) as stream, contextlib.suppress(OSError):  # noqa: PTH123  # a descriptor
        # A terminal that the last writer has closed ends with an error.
        while piece := stream.read(65_536):
            read += piece
    return Heard(process.wait(60), read.decode().replace("\r\n", "\n"))
