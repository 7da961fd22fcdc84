"""A million rows in 20 replies, through the real client over HTTP on loopback."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figures import MillionRows, Pass
from benchmarks.large_archive import FIRST, SECOND
from benchmarks.measuring import hand_back, without_log_lines
from benchmarks.replies import AFTER, BEFORE, INSTRUMENT, REMADE, ROWS
from pedigreed.service.asking import collect
from pedigreed.sources.mast import portal  # noqa: F401  # what it costs is part of the idle process
from pedigreed.sources.mast.archive import MastArchive
from pedigreed.store.database import Store

if TYPE_CHECKING:
    from datetime import datetime

_REPLIES = 20
_PROGRAMS = range(1001, 1001 + _REPLIES)


def main() -> None:
    folder = Path(sys.argv[1])
    without_log_lines()
    idle = _peak()
    serving = [sys.executable, "-m", "benchmarks.large_archive"]
    with (
        subprocess.Popen(serving, stdout=subprocess.PIPE, text=True) as server,
        Store(f"sqlite:///{folder / 'million.db'}") as store,
    ):
        try:
            assert server.stdout is not None
            url = server.stdout.readline().strip()
            first = _pass(store, url + FIRST, BEFORE, changes=0)
            second = _pass(store, url + SECOND, AFTER, changes=_REPLIES * REMADE)
        finally:
            server.terminate()
    hand_back(MillionRows(idle, first, second))


def _pass(store: Store, url: str, now: datetime, changes: int) -> Pass:
    seconds = []
    found = 0
    with MastArchive(url, "pedigreed-benchmark") as archive:
        started = time.perf_counter()
        for answer in collect({INSTRUMENT: set(_PROGRAMS)}, store, archive, timedelta(days=7), now):
            ended = time.perf_counter()
            seconds.append(ended - started)
            started = ended
            assert answer.fetched.is_complete, answer.fetched.problems
            assert answer.fetched.rows == ROWS
            found += answer.changes
    assert len(seconds) == _REPLIES
    assert found == changes, found
    return Pass(seconds, found, _peak())


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
