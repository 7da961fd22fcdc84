"""A week of the daemon with 200 subscriptions that have something to tell every day, by a clock that runs fast."""

from __future__ import annotations

import os
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median_low

from benchmarks.changing_archive import ChangingArchive
from benchmarks.fast import FastClock
from benchmarks.figures import DayEnd, OneWeek
from benchmarks.measuring import hand_back, without_log_lines
from benchmarks.resident import Resident, entries, memory_of, resident
from benchmarks.store_sizes import can_tell, copy, table_sizes
from benchmarks.subscribers import configuration
from pedigreed.config.load import load_config
from pedigreed.daemon.daemon import TICK
from pedigreed.demo.archive import DemoArchive
from pedigreed.model.delivery import DeliveryState
from pedigreed.service.agenda import agenda
from pedigreed.store import deliveries as stored_deliveries
from pedigreed.store.database import Store

DAYS = 7
SPEED = 1000.0

_BEGIN = datetime.fromisoformat("2026-11-20T00:00Z")
_DAY = timedelta(days=1)
_BEFORE_MIDNIGHT = timedelta(minutes=30)
_TIMES = [f"{hour:02}:00" for hour in range(5, 17)]
"""When digests are composed. The archive is asked before, and all is told before the day is over."""

_GLANCES = 11
_BETWEEN_GLANCES = 0.05


def main() -> None:
    assert can_tell(), "this SQLite can't say what its pages hold: it was built without dbstat"
    folder = Path(sys.argv[1]) / "week"
    without_log_lines()
    clock = FastClock(_BEGIN, time.monotonic(), SPEED)
    with DemoArchive(ChangingArchive(_BEGIN, clock.now).rows_at, _BEGIN) as recorded:
        config = configuration(folder, recorded.url, _TIMES)
        with resident(config, clock.command()) as daemon:
            days = [_end_of(day, daemon, clock, folder) for day in range(1, DAYS + 1)]
    _assert_delivered(config)
    looks, looking = _looks(config)
    hand_back(OneWeek(SPEED, days, looks, looking))


def _end_of(day: int, daemon: Resident, clock: FastClock, folder: Path) -> DayEnd:
    """Wait for it, and see how the daemon is. What it works at is done by then."""
    daemon.wait(clock.until(_BEGIN + day * _DAY - _BEFORE_MIDNIGHT))
    memory = memory_of(daemon.pid)
    descriptors, threads = [], []
    for _ in range(_GLANCES):
        # While it looks at the clock and the store it has some more.
        descriptors.append(entries(daemon.pid, "fd"))
        threads.append(entries(daemon.pid, "task"))
        daemon.wait(_BETWEEN_GLANCES)
    copied = folder / f"day-{day}.db"
    copy(folder / "pedigreed.db", copied)
    return DayEnd(
        ticks=daemon.ticks,
        memory=memory,
        descriptors=median_low(descriptors),
        threads=median_low(threads),
        store=copied.stat().st_size,
        tables=table_sizes(copied),
    )


def _assert_delivered(config: Path) -> None:
    with Store(load_config(config, os.environ).config.store.reveal()) as store, store.reading() as connection:
        assert stored_deliveries.counts(connection).keys() == {DeliveryState.SENT}


def _looks(config: Path) -> tuple[int, float]:
    """What the looks of a day take, after the week, if nothing that is due is done."""
    loaded = load_config(config, os.environ)
    begin, tick = _BEGIN + DAYS * _DAY, timedelta(seconds=TICK)
    looks = _DAY // tick
    with Store(loaded.config.store.reveal()) as store:
        began = time.process_time()
        for look in range(looks):
            store.let_go_if_replaced()
            with store.reading() as connection:
                agenda(connection, loaded.config, 0.5, begin + look * tick)
        return looks, time.process_time() - began


if __name__ == "__main__":
    main()
