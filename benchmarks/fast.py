"""`python -m benchmarks.fast run`: the real program by a clock that runs fast.

The daemon takes its clock, the seconds between two looks at it and its processes' command as arguments, and the
processes take their one moment from the clock. Nothing else is other than in `pedigreed run`: what waits, such as
a time-out, waits by the real clock.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from pedigreed.cli import app, run
from pedigreed.daemon import daemon
from pedigreed.daemon.daemon import TICK, Daemon
from pedigreed.daemon.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Mapping

_VARIABLE = "PEDIGREED_BENCHMARK_CLOCK"
_COMMAND = (sys.executable, "-m", "benchmarks.fast")


@dataclass(frozen=True, slots=True)
class FastClock:
    """Shows the same in every process.

    Attributes:
        begin: what it shows first, UTC.
        began: when that was, by the system's monotonic clock.
        speed: how many seconds it shows in one.
    """

    begin: datetime
    began: float
    speed: float

    def now(self) -> datetime:
        return self.begin + timedelta(seconds=(time.monotonic() - self.began) * self.speed)

    def until(self, moment: datetime) -> float:
        """Real seconds until it shows a moment (UTC)."""
        return (moment - self.now()).total_seconds() / self.speed

    def command(self) -> tuple[str, ...]:
        """What is put before the program's arguments so that it goes by this clock."""
        return ("env", f"{_VARIABLE}={self.begin.isoformat()} {self.began!r} {self.speed!r}", *_COMMAND)


def main() -> None:
    clock = _clock_of(os.environ)

    class Moment(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]  # the program asks for UTC alone
            assert tz is UTC
            return clock.now()

    vars(run)["datetime"] = Moment
    vars(daemon)["Worker"] = partial(Worker, command=(*_COMMAND, "work"))
    vars(daemon)["Daemon"] = partial(Daemon, clock=clock.now, tick=TICK / clock.speed)
    app.main()


def _clock_of(environ: Mapping[str, str]) -> FastClock:
    begin, began, speed = environ[_VARIABLE].split()
    return FastClock(datetime.fromisoformat(begin), float(began), float(speed))


if __name__ == "__main__":
    main()
