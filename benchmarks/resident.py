"""The daemon in a process of its own, told to say when it is ready and each time it looked at the clock."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figures import Memory

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_READY, _TICKED = "READY", "WATCHDOG"
_PROGRAM = str(Path(sys.executable).with_name("pedigreed"))
_PATIENCE = 120.0
"""Seconds after which what never comes ends a benchmark."""


class Resident:
    """A daemon that runs.

    Attributes:
        ready_after: seconds from its start until it was ready.
        ticks: how often it looked at the clock, as far as it was listened to.
    """

    def __init__(self, process: subprocess.Popen[bytes], listener: socket.socket, started: float) -> None:
        self._process = process
        self._listener = listener
        self.ticks = 0
        while _READY not in self._heard(_PATIENCE):
            pass
        self.ready_after = time.perf_counter() - started

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_for_tick(self) -> None:
        while _TICKED not in self._heard(_PATIENCE):
            pass

    def wait(self, seconds: float) -> None:
        """Listen for so long."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self._heard(left, is_sure=False)

    def _heard(self, within: float, *, is_sure: bool = True) -> list[str]:
        """The states that one message names; none where none comes in time."""
        is_there, _, _ = select.select([self._listener], [], [], within)
        assert self._process.poll() is None, "the daemon has ended"
        assert is_there or not is_sure, "the daemon says nothing"
        said = self._listener.recv(65536).decode().splitlines() if is_there else []
        names = [line.partition("=")[0] for line in said]
        self.ticks += _TICKED in names
        return names


@contextmanager
def resident(config: Path, program: Sequence[str] = (_PROGRAM,)) -> Iterator[Resident]:
    """`pedigreed run` from its start until it is ended, with its log beside the configuration."""
    name = f"pedigreed-benchmark-{os.getpid()}"
    command = [*program, "run", "--config", str(config)]
    environment = {**os.environ, "NOTIFY_SOCKET": f"@{name}"}
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener,
        config.with_name("log").open("ab") as log,
    ):
        listener.bind(f"\0{name}")
        started = time.perf_counter()
        with subprocess.Popen(command, env=environment, stderr=log) as process:
            try:
                yield Resident(process, listener, started)
            finally:
                process.terminate()


def memory_of(pid: int) -> Memory:
    """What a process has in memory."""
    status = _sizes(Path(f"/proc/{pid}/status"))
    rollup = _sizes(Path(f"/proc/{pid}/smaps_rollup"))
    return Memory(resident=status["VmRSS"], peak=status["VmHWM"], proportional=rollup["Pss"])


def entries(pid: int, folder: str) -> int:
    """How many descriptors (`fd`) or threads (`task`) a process has."""
    return sum(1 for _ in Path(f"/proc/{pid}/{folder}").iterdir())


def processor_seconds(pid: int) -> float:
    """What all threads of a process have used: `utime` and `stime`, finer than /proc/PID/stat has them."""
    # So clock_getcpuclockid(3) makes the clock, which Python has for threads alone.
    return time.clock_gettime((~pid << 3) | 2)


def _sizes(file: Path) -> dict[str, int]:
    """The sizes that a file of /proc lists, as bytes."""
    lines = [line.split() for line in file.read_text().splitlines()]
    return {words[0].rstrip(":"): int(words[1]) * 1024 for words in lines if words[-1:] == ["kB"]}
