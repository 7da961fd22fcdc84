"""Processes from their start to their end: `pedigreed --help`, and a `pedigreed check` of a small program."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from benchmarks.figures import Started, StartUp, Timing
from benchmarks.measuring import hand_back
from pedigreed.demo.archive import DemoArchive
from pedigreed.demo.scenario import DAY_1, archive_at

_TIMES = 5


def main() -> None:
    with DemoArchive(archive_at, DAY_1) as recorded:
        figures = StartUp(
            help=_started(["--help"]),
            check=_started(["check", "1345", "--mast", recorded.url]),
        )
    hand_back(figures)


def _started(arguments: list[str]) -> Started:
    program = Path(sys.executable).with_name("pedigreed")
    taken, peak = [], 0
    for turn in range(_TIMES + 1):
        started = time.perf_counter()
        quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
        process = os.posix_spawn(program, [str(program), *arguments], os.environ, file_actions=quiet)
        _, status, used = os.wait4(process, 0)
        assert status == 0, arguments
        if turn:
            taken.append(time.perf_counter() - started)
        peak = max(peak, used.ru_maxrss * 1024)
    return Started(Timing(taken), peak)


if __name__ == "__main__":
    main()
