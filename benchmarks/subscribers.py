"""200 subscriptions to a program each: their configuration, their archive, and a store that served them before."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import insert

from bulk_rows import bulk_rows
from pedigreed.config.load import load_config
from pedigreed.delivery.folder import FolderChannel
from pedigreed.demo.archive import DemoArchive
from pedigreed.demo.columnsconfig import columns_of
from pedigreed.demo.rows import always
from pedigreed.model.instrument import Instrument
from pedigreed.service.cycle import run_cycle
from pedigreed.sources.mast.archive import MastArchive
from pedigreed.store.database import Store
from pedigreed.store.tables import periods

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from pedigreed.config.settings import Subscription
    from pedigreed.demo.filters import Row

PROGRAMS = range(1001, 1201)
NOBODY = "http://127.0.0.1:9"
"""Where no archive is."""

_DAY = timedelta(days=1)


def rows_of_all(count: int) -> list[Row]:
    """So many products of each program and each instrument."""
    return [
        row
        for instrument in Instrument
        for program in PROGRAMS
        for row in bulk_rows(program, instrument, count, columns=tuple(columns_of(instrument)))
    ]


def configuration(folder: Path, archive: str, times: Sequence[str]) -> Path:
    """Write a configuration into a folder, with the store and what is delivered beside it.

    Args:
        folder: a new one is made.
        archive: its address.
        times: when digests are composed (UTC), for one subscription after the other, again and again.
    """
    folder = folder.resolve()
    folder.mkdir()
    lines = [
        f"store: sqlite:///{folder}/pedigreed.db",
        # A process whose clock runs fast measures these by that clock.
        f'sources: {{mast: {{url: "{archive}", request_timeout: 1d, timeout: 1d}}, crds: {{url: none}}}}',
        f"channels: {{keep: {{folder: {{path: {folder}/digests}}}}}}",
        "subscriptions:",
    ]
    for number, program in enumerate(PROGRAMS):
        at = times[number % len(times)]
        lines += [
            f"  - name: program-{program}",
            f"    watch: {{programs: [{program}]}}",
            f'    digest: {{at: "{at}"}}',
            "    deliver: [{channel: keep}]",
        ]
    file = folder / "pedigreed.yaml"
    file.write_text("\n".join(lines) + "\n")
    return file


def served_before(folder: Path) -> Path:
    """A configuration whose store was in use for a year and until now, so that nothing is due for hours."""
    now = datetime.now(UTC)
    times = [f"{now - timedelta(minutes=minutes):%H:%M}" for minutes in range(15, 195, 15)]
    file = configuration(folder, NOBODY, times)
    loaded = load_config(file, os.environ)
    with Store(loaded.config.store.reveal()) as store:
        with (
            DemoArchive(always(rows_of_all(2)), now) as recorded,
            MastArchive(recorded.url, "pedigreed-benchmark") as archive,
        ):
            channels = {"keep": FolderChannel(file.parent / "digests")}
            cycle = run_cycle(loaded.config, file.name, store, archive, channels, now=now)
        assert cycle.is_complete
        assert len(cycle.outgoing.closed) == len(PROGRAMS)
        with store.writing() as connection:
            connection.execute(insert(periods), list(_a_year(loaded.config.subscriptions, now)))
    return file


def _a_year(subscriptions: Iterable[Subscription], now: datetime) -> Iterator[dict[str, object]]:
    """The quiet periods of the days before."""
    for subscription in subscriptions:
        for days in range(2, 367):
            end = datetime.combine(now - days * _DAY, subscription.digest.at, tzinfo=UTC)
            yield {
                "subscription": subscription.name,
                "label": f"{end:%Y-%m-%d}",
                "starts_at": end - _DAY,
                "ends_at": end,
                "closed_at": end,
                "unchecked": "",
                "unread": "",
            }
