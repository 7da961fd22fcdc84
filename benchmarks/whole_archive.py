"""The whole archive: millions of products, on an SQLite file, or on a PostgreSQL server of the benchmark's own.

`python -m benchmarks.whole_archive FOLDER sqlite|postgresql [SCALE]`: with a scale, the products, the changes of a
day, and the rows of a page are so many times fewer.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figures import ArchiveDay, WholeArchive
from benchmarks.generated_archive import BEGIN, DAY, PRODUCTS, PROGRAMS
from benchmarks.measuring import hand_back, without_log_lines
from pedigreed.config.settings import Config
from pedigreed.delivery.folder import FolderChannel
from pedigreed.model.work import Work
from pedigreed.service.cycle import ask, tell
from pedigreed.sources.mast.archive import MOST_ROWS, PAGE_ROWS, MastArchive
from pedigreed.store import changes as stored_changes
from pedigreed.store import runs as stored_runs
from pedigreed.store.database import Store
from pedigreed.web.pages import status_page
from postgresql_servers import one_server

if TYPE_CHECKING:
    from collections.abc import Iterator

QUIET, CAMPAIGN = 38_000, 300_000
"""Changes of a day."""


def main() -> None:
    place, kind, *scales = sys.argv[1:]
    folder = Path(place) / f"whole-{kind}"
    scale = int(scales[0]) if scales else 1
    without_log_lines()
    serving = [sys.executable, "-m", "benchmarks.generated_archive", str(scale)]
    with (
        subprocess.Popen(serving, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server,
        _store(kind, folder) as store,
    ):
        try:
            url = _said(server, "")
            config = _configured(url, folder)
            first = _day(0, scale, store, config, folder)
            _said(server, f"{QUIET // scale}")
            quiet = _day(1, scale, store, config, folder)
            _said(server, f"{CAMPAIGN // scale}")
            campaign = _day(2, scale, store, config, folder)
            now = BEGIN + 2 * DAY
            with _measured() as page, store.reading() as connection:
                status_page(connection, config, store.size(), now)
            with _measured() as history, store.reading() as connection:
                stored_changes.history(connection, [], limit=50)
        finally:
            server.terminate()
    products = PROGRAMS // scale * sum(PRODUCTS.values())
    hand_back(
        WholeArchive(scale, PROGRAMS // scale, products, first, quiet, campaign, page.seconds, history.seconds)
    )


@contextmanager
def _store(kind: str, folder: Path) -> Iterator[Store]:
    if kind == "sqlite":
        with Store(f"sqlite:///{folder.with_suffix('.db')}") as store:
            yield store
        return
    with one_server() as server, Store(f"postgresql+psycopg://postgres@127.0.0.1:{server.port}/postgres") as store:
        yield store


def _day(day: int, scale: int, store: Store, config: Config, folder: Path) -> ArchiveDay:
    now = BEGIN + day * DAY
    page_rows, most_rows = PAGE_ROWS // scale, MOST_ROWS // scale
    with (
        _measured() as asking,
        MastArchive(
            config.sources.mast.url, "pedigreed-benchmark", page_rows=page_rows, most_rows=most_rows
        ) as archive,
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
    main()
