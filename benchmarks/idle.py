"""The daemon with 200 subscriptions and nothing to do: its memory after a minute, and what its ticks cost."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from benchmarks.figures import Idle
from benchmarks.measuring import hand_back, without_log_lines
from benchmarks.resident import memory_of, processor_seconds, resident
from benchmarks.subscribers import served_before
from pedigreed.daemon.daemon import TICK

SETTLES = 60.0
"""Seconds after which the memory is looked at."""

TICKS = 4

_AFTER_TICK = 2.0
"""Seconds within which all work of a tick is done."""


def main() -> None:
    folder = Path(sys.argv[1])
    without_log_lines()
    config = served_before(folder / "idle")
    with resident(config) as daemon:
        daemon.wait(SETTLES)
        memory = memory_of(daemon.pid)
        daemon.wait_for_tick()
        time.sleep(_AFTER_TICK)
        before, ticks = processor_seconds(daemon.pid), daemon.ticks
        for _ in range(TICKS):
            daemon.wait_for_tick()
        time.sleep(_AFTER_TICK)
        used, ticks = processor_seconds(daemon.pid) - before, daemon.ticks - ticks
    assert "answer" not in config.with_name("log").read_text(), "the daemon was not idle"
    hand_back(Idle(SETTLES, memory, used, ticks, TICK))


if __name__ == "__main__":
    main()
