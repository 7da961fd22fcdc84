"""The real daemon in a process of its own, with a service manager that listens to it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import commands
from background import PATIENCE, wait_until
from service_manager import ServiceManager, service_manager

if TYPE_CHECKING:
    from collections.abc import Iterator

WATCHDOG_MICROSECONDS = 600_000
"""The daemon looks at the clock three times in it."""


@dataclass
class DaemonProcess:
    """One daemon."""

    process: subprocess.Popen[bytes]
    manager: ServiceManager
    errors: Path

    @property
    def log(self) -> list[dict[str, Any]]:
        """Every event that it and its workers logged. Each is a line of JSON, and there is nothing else."""
        lines = self.errors.read_text(encoding="utf-8").split("\n")
        return [json.loads(line) for line in lines[:-1]]

    def events(self, event: str) -> list[dict[str, Any]]:
        return [entry for entry in self.log if entry["event"] == event]

    @property
    def workers(self) -> list[int]:
        """The processes that it has at work."""
        return children(self.process.pid)

    @property
    def is_up(self) -> bool:
        return self.process.poll() is None

    def is_ready(self) -> bool:
        assert self.is_up, self.errors.read_text(encoding="utf-8")
        return bool(self.manager.times("READY"))

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def tick(self) -> None:
        """Wait until it has looked at the clock once more from the beginning to the end."""
        told = len(self.manager.statuses)
        wait_until(lambda: len(self.manager.statuses) > told + 1)

    def rest(self) -> None:
        """Wait until nothing is at work, and nothing more is found to do."""
        while True:
            wait_until(lambda: not self.workers)
            self.tick()
            if not self.workers:
                return

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end. Gives how it ended."""
        self.send(number)
        return self.wait()

    def wait(self) -> int:
        return self.process.wait(PATIENCE)


@contextmanager
def daemon_process(
    config: Path, folder: Path, environ: dict[str, str], *, program: tuple[str, ...] = ("-m", "pedigreed")
) -> Iterator[DaemonProcess]:
    """`pedigreed run`, which ends with the test, and all that it started too."""
    number = time.monotonic_ns()
    errors = folder / f"{number}.log"
    with service_manager(f"@pedigreed-{os.getpid()}-{number}") as manager, errors.open("wb") as err:
        process = subprocess.Popen(
            [sys.executable, "-W", "error", *program, "run", "--config", str(config)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=err,
            env={
                **commands.environment(environ),
                "NOTIFY_SOCKET": manager.address,
                "WATCHDOG_USEC": str(WATCHDOG_MICROSECONDS),
            },
        )
        running = DaemonProcess(process, manager, errors)
        try:
            yield running
        finally:
            workers = running.workers
            for pid in (process.pid, *workers):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            out, _ = process.communicate()
            commands.outputs.extend((out, errors.read_bytes()))
            assert out == b""


def children(pid: int) -> list[int]:
    """The processes that a process has begun. Those that ended and were not waited for are left out."""
    found = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += [int(child) for child in file.read_text().split()]
    return [child for child in found if not _is_over(child)]


def _is_over(pid: int) -> bool:
    try:
        # The state follows the name, which may hold anything.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True
