"""The whole archive in miniature: a tenth of its products, of the changes of a day and of the rows of a page."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figures import ArchiveDay, WholeArchive
from benchmarks.measuring import hand_back, without_log_lines
from bulk_rows import bulk_rows
from pedigreed.config.settings import Config
from pedigreed.delivery.folder import FolderChannel
from pedigreed.demo.archive import DemoArchive
from pedigreed.demo.columnsconfig import columns_of
from pedigreed.model.instant import to_mjd
from pedigreed.model.instrument import Instrument
from pedigreed.model.work import Work
from pedigreed.service.cycle import ask, tell
from pedigreed.sources.mast.archive import MOST_ROWS, PAGE_ROWS, MastArchive
from pedigreed.store import changes as stored_changes
from pedigreed.store import runs as stored_runs
from pedigreed.store.database import Store
from pedigreed.web.pages import status_page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pedigreed.demo.filters import Row

SCALE = 10
PROGRAMS = range(1001, 1301)
PRODUCTS = {Instrument.NIRCAM: 500, Instrument.NIRSPEC: 200, Instrument.MIRI: 200, Instrument.NIRISS: 100}
"""How many each program has."""

QUIET, CAMPAIGN = 38_000 // SCALE, 300_000 // SCALE
"""Changes of a day."""

_BEGIN = datetime.fromisoformat("2026-11-20T06:00Z")
_DAY = timedelta(days=1)
_INGESTED = datetime.fromisoformat("2025-11-02T00:00Z")
_MINUTES_APART = timedelta(minutes=1)


def main() -> None:
    folder = Path(sys.argv[1]) / "whole"
    without_log_lines()
    serving = [sys.executable, "-m", "benchmarks.whole_archive"]
    with (
        subprocess.Popen(serving, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server,
        Store(f"sqlite:///{folder.with_suffix('.db')}") as store,
    ):
        try:
            url = _said(server, "")
            config = _configured(url, folder)
            first = _day(0, store, config, url, folder)
            _said(server, f"{QUIET}")
            quiet = _day(1, store, config, url, folder)
            _said(server, f"{CAMPAIGN}")
            campaign = _day(2, store, config, url, folder)
            now = _BEGIN + 2 * _DAY
            with _measured() as page, store.reading() as connection:
                status_page(connection, config, store.size(), now)
            with _measured() as history, store.reading() as connection:
                stored_changes.history(connection, [], limit=50)
        finally:
            server.terminate()
    products = len(PROGRAMS) * sum(PRODUCTS.values())
    hand_back(WholeArchive(SCALE, len(PROGRAMS), products, first, quiet, campaign, page.seconds, history.seconds))


def serve() -> None:
    """Print the address, and remake so many products as each line of the input says."""
    rows = [
        {**row, "ingestCompletionDate_mjd": to_mjd(_INGESTED + number * _MINUTES_APART)}
        for number, row in enumerate(
            row
            for program in PROGRAMS
            for instrument, count in PRODUCTS.items()
            for row in bulk_rows(program, instrument, count, columns=tuple(columns_of(instrument)))
        )
    ]
    with DemoArchive(lambda _: rows, _BEGIN) as archive:
        print(archive.url, flush=True)
        for day, line in enumerate(sys.stdin, 1):
            _remake(rows, int(line), _BEGIN + day * _DAY - timedelta(hours=2), 1535 + day)
            archive.now = _BEGIN + day * _DAY
            print("done", flush=True)


def _remake(rows: list[Row], changes: int, at: datetime, context: int) -> None:
    every = len(rows) // changes
    for number in range(0, every * changes, every):
        rows[number] = {
            **rows[number],
            "cal_ver": "2.0.1",
            "crds_ctx": f"jwst_{context:04d}.pmap",
            "date_mjd": to_mjd(at),
            "ingestCompletionDate_mjd": to_mjd(at),
        }


def _day(day: int, store: Store, config: Config, url: str, folder: Path) -> ArchiveDay:
    now = _BEGIN + day * _DAY
    page_rows, most_rows = PAGE_ROWS // SCALE, MOST_ROWS // SCALE
    with (
        _measured() as asking,
        MastArchive(url, "pedigreed-benchmark", page_rows=page_rows, most_rows=most_rows) as archive,
    ):
        answers = ask(config, store, archive, now=now)
    assert all(answer.is_checked for answer in answers)
    with _measured() as telling:
        told = tell(config, "pedigreed.yaml", store, {"keep": FolderChannel(folder)}, now=now)
    assert [closed.rendered is not None for closed in told.closed] == [True]
    with store.reading() as connection:
        (run,) = stored_runs.newest(connection, Work.ASK)
    return ArchiveDay(
        asking.seconds, telling.seconds, run.requests, run.rows, sum(each.changes for each in answers), _peak()
    )


def _configured(url: str, folder: Path) -> Config:
    return Config.model_validate(
        {
            "sources": {"mast": {"url": url}, "crds": {"url": "none"}},
            "channels": {"keep": {"folder": {"path": str(folder)}}},
            "subscriptions": [
                {
                    "name": "institute",
                    "watch": {"programs": "all"},
                    "digest": {"at": "06:00"},
                    "deliver": [{"channel": "keep"}],
                }
            ],
        },
        strict=False,
    )


class _Taken:
    seconds = 0.0


@contextmanager
def _measured() -> Iterator[_Taken]:
    taken = _Taken()
    began = time.process_time()
    yield taken
    taken.seconds = time.process_time() - began


def _said(server: subprocess.Popen[str], line: str) -> str:
    assert server.stdin is not None
    assert server.stdout is not None
    if line:
        server.stdin.write(f"{line}\n")
        server.stdin.flush()
    return server.stdout.readline().strip()


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main() if len(sys.argv) > 1 else serve()
