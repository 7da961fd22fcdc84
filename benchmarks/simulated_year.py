"""A year of 500 subscriptions with three campaigns, day by day: what a cycle takes, and how the store grows.

Every day is played: the archive is asked over HTTP on loopback, by the product's own cycle and by its own clock.
"""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figures import SimulatedYear, YearDay
from benchmarks.institute import Taking
from benchmarks.measuring import hand_back, without_log_lines
from bulk_rows import bulk_rows
from pedigreed.config.settings import Config
from pedigreed.demo.archive import DemoArchive
from pedigreed.demo.columnsconfig import columns_of
from pedigreed.model.instant import to_mjd
from pedigreed.model.instrument import Instrument
from pedigreed.model.work import Work
from pedigreed.service.cycle import ask, tell
from pedigreed.sources.mast.archive import MastArchive
from pedigreed.store import runs as stored_runs
from pedigreed.store.database import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pedigreed.demo.filters import Row

PROGRAMS = range(1001, 1501)
PRODUCTS = 20
"""How many each program has."""

DAYS, MONTH = 365, 30
CAMPAIGNS = (80, 170, 260)
"""The days on which they begin."""
LASTS = 10
"""Days of a campaign, on each of which a part of the products of every program is made anew."""
EVERY_DAY, FEW = 25, 2
"""How many programs have something new on any other day, and how many products of each."""

_BEGIN = datetime.fromisoformat("2026-01-01T08:00Z")
_DAY = timedelta(days=1)
_MADE_BEFORE = timedelta(hours=4)


def main() -> None:
    folder = Path(sys.argv[1]) / "year"
    without_log_lines()
    with (
        subprocess.Popen(
            [sys.executable, "-m", "benchmarks.simulated_year"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as server,
        Store(f"sqlite:///{folder.with_suffix('.db').resolve()}") as store,
    ):
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            url = server.stdout.readline().strip()
            config = _configured(url)
            days = []
            for day in range(DAYS + 1):
                print(day, file=server.stdin, flush=True)
                server.stdout.readline()
                days.append(_day(day, store, config, url))
        finally:
            server.terminate()
    hand_back(SimulatedYear(len(PROGRAMS), MONTH, len(CAMPAIGNS), days))


def _day(day: int, store: Store, config: Config, url: str) -> YearDay:
    now = _BEGIN + day * _DAY
    began = time.process_time()
    with MastArchive(url, "pedigreed-benchmark") as archive:
        answers = ask(config, store, archive, now=now)
    asked = time.process_time()
    assert all(answer.is_checked for answer in answers)
    told = tell(config, "pedigreed.yaml", store, {"keep": Taking()}, now=now)
    ended = time.process_time()
    assert len(told.closed) == len(PROGRAMS)
    with store.reading() as connection:
        (run,) = stored_runs.newest(connection, Work.ASK)
    return YearDay(
        asked - began, ended - asked, run.requests, run.rows, run.changes, len(told.deliveries), store.size()
    )


def serve() -> None:
    """Print the address, and have it be the day that each line of the input says."""
    columns = tuple(columns_of(Instrument.NIRCAM))
    rows = [
        row for program in PROGRAMS for row in bulk_rows(program, Instrument.NIRCAM, PRODUCTS, columns=columns)
    ]
    with DemoArchive(lambda _: rows, _BEGIN) as archive:
        print(archive.url, flush=True)
        for line in sys.stdin:
            day = int(line)
            now = _BEGIN + day * _DAY
            for number in _remade(day):
                rows[number] = _made_anew(rows[number], now - _MADE_BEFORE, 1535 + day)
            archive.now = now
            print("done", flush=True)


def _remade(day: int) -> Iterator[int]:
    """Which rows are made anew on a day."""
    if day == 0:
        return
    for begins in CAMPAIGNS:
        if begins <= day < begins + LASTS:
            yield from range(day - begins, len(PROGRAMS) * PRODUCTS, LASTS)
            return
    for number in range(EVERY_DAY):
        program = (day * EVERY_DAY + number) % len(PROGRAMS)
        yield from (program * PRODUCTS + (day + each) % PRODUCTS for each in range(FEW))


def _made_anew(row: Row, at: datetime, context: int) -> Row:
    return {
        **row,
        "cal_ver": "2.0.1",
        "crds_ctx": f"jwst_{context:04d}.pmap",
        "date_mjd": to_mjd(at),
        "ingestCompletionDate_mjd": to_mjd(at),
    }


def _configured(url: str) -> Config:
    return Config.model_validate(
        {
            "sources": {"mast": {"url": url}, "crds": {"url": "none"}},
            "channels": {"keep": {"folder": {"path": "/nowhere"}}},
            "subscriptions": [
                {
                    "name": f"program-{program}",
                    "watch": {"programs": [program], "instruments": ["nircam"]},
                    "digest": {"at": "06:00"},
                    "deliver": [{"channel": "keep"}],
                }
                for program in PROGRAMS
            ],
        },
        strict=False,
    )


if __name__ == "__main__":
    main() if len(sys.argv) > 1 else serve()
