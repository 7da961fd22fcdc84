"""Work in a process of its own, which ends with it: what it leaks or breaks does not stay."""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pedigreed.service.agenda import LONGEST_RUN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pedigreed.model.work import Work

GRACE = 20.0
"""Seconds that a process has for its end when it is asked for it."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended. `fault` is why it did not end well; None if it did."""

    work: Work
    fault: str | None


class Worker:
    """Starts the processes that do the work of one kind, one at a time."""

    def __init__(
        self,
        work: Work,
        lock: int | None = None,
        command: Sequence[str] = (sys.executable, "-P", "-m", "pedigreed", "work"),
    ) -> None:
        """Describe the processes.

        Args:
            work: what they do.
            lock: a descriptor that they inherit. One that outlives the daemon keeps the store's lock with it.
            command: what starts one.
        """
        self._work = work
        self._lock = lock
        self._command = (*command, work.value)
        self._process: asyncio.subprocess.Process | None = None
        self._is_stopped = False

    @property
    def is_busy(self) -> bool:
        return self._process is not None

    async def run(self, configuration: str, *arguments: str) -> Ended:
        """Do the work once, with a configuration's text. Other processes' logs and this one's go the same way."""
        self._is_stopped = False
        process = await asyncio.create_subprocess_exec(
            *self._command,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            pass_fds=() if self._lock is None else (self._lock,),
            # The keys of a terminal are for the daemon alone.
            start_new_session=True,
        )
        self._process = process
        if self._is_stopped:
            # It was wanted while the process was being started.
            await self.stop()
        try:
            async with asyncio.timeout(LONGEST_RUN[self._work].total_seconds()):
                await process.communicate(configuration.encode())
        except TimeoutError:
            await self.stop()
            return Ended(self._work, "it did not end in time, and was killed")
        finally:
            await self.stop()
            self._process = None
        return Ended(self._work, _fault(process.returncode))

    async def stop(self) -> None:
        """Ask the process to end, and end it where it does not."""
        self._is_stopped = True
        process = self._process
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(GRACE):
                await process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def _fault(code: int | None) -> str | None:
    if not code:
        return None
    if code < 0:
        # Signals without a name of their own are told by their number.
        known = {number.value: number.name for number in signal.Signals}
        return f"it was ended by {known.get(-code, f'signal {-code}')}"
    return f"it ended with exit code {code}"
