"""The files that subscriptions have fetched after their digests: from the store's list to their folders.

What came of each file is kept as soon as it is known, so that a process that is killed at any moment repeats at
most the files that were under way, and those where they were.
"""

from __future__ import annotations

import os.path
import shutil
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pedigreed.config.value import format_size
from pedigreed.fetching.fetch import PATIENCE, UNDER_WAY, Result, fetch
from pedigreed.fetching.old_files import bytes_in, plan_to_folder
from pedigreed.fetching.part_file import discard
from pedigreed.fetching.plan import fitting
from pedigreed.fetching.wanted_file import WantedFile
from pedigreed.model.download import Download, DownloadState
from pedigreed.store import downloads as stored_downloads
from pedigreed.store import products as stored_products

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from pedigreed.config.settings import Config
    from pedigreed.config.subscription import FetchRules
    from pedigreed.fetching.fetch import Archive, Outcome
    from pedigreed.fetching.plan import Job
    from pedigreed.model.product import Product
    from pedigreed.net.patience import Patience
    from pedigreed.store.database import Store

TRIES = 3
"""What did not come then is told, and not tried again by itself."""

_FOR_GOOD = frozenset((Result.DENIED, Result.LEFT))
_SMALL_FILES = 4096
"""Bytes that are kept free for what lies beside the files under way."""


def fetch_for_subscriptions(
    config: Config, store: Store, archive: Archive, now: datetime, patience: Patience = PATIENCE
) -> list[Download]:
    """Fetch what waits, one subscription after the other, and give what came of it.

    Args:
        config: the configuration.
        store: has the list, and what the archive said of each file the last time it was asked.
        archive: where from.
        now: UTC.
        patience: with each file.
    """
    ended = []
    for subscription in config.subscriptions:
        if subscription.fetch is not None:
            with store.reading() as connection:
                waiting = stored_downloads.waiting(connection, subscription.name)
                products = stored_products.there_by_name(connection, [each.filename for each in waiting])
            keeper = _Keeper(subscription.name, store, {each.filename: each for each in waiting}, now)
            jobs = _jobs(subscription.fetch, products, keeper) if waiting else []
            fetch(jobs, archive, keeper, patience=patience)
            ended += keeper.ended_as
    return ended


def _jobs(rules: FetchRules, products: Mapping[str, Product], keeper: _Keeper) -> list[Job]:
    """What is to be fetched of what waits. What of it is not, the keeper is told."""
    known = {name: product for name, product in products.items() if product.size is not None}
    for name in keeper.waiting.keys() - known.keys():
        unlisted = "MAST lists it no more" if name not in products else "MAST does not say how large it is"
        keeper.end(name, DownloadState.MISSING, unlisted)
    folder = os.path.normpath(rules.to)
    wanted = (WantedFile.of(product) for product in known.values())
    plan = plan_to_folder(wanted, folder, flat=False, include_custom=False)
    jobs, too_large = _within(plan.jobs, folder, rules.at_most)
    there = {job.wanted.filename for job in jobs} - too_large
    for name, reason in {Path(left.name).name: left.reason for left in plan.left}.items():
        if name not in there | too_large:
            keeper.end(name, DownloadState.MISSING, reason)
    for name in sorted(too_large):
        reason = f"{folder} would be larger than {format_size(rules.at_most)}, or its disk full"
        keeper.end(name, DownloadState.MISSING, reason)
    chosen = [job for job in jobs if job.wanted.filename in there]
    keeper.expect(chosen)
    return chosen


def _within(jobs: Sequence[Job], folder: str, at_most: int) -> tuple[list[Job], set[str]]:
    """What can be fetched so that the folder never holds more and its disk is not full, and the names of the rest.

    What came of the latter before is thrown away.
    """
    parts = sum(_size(f"{job.place}.part") for job in jobs)
    room = at_most - (bytes_in(folder) - parts) - _SMALL_FILES
    there = Path(folder)
    while not there.exists():
        there = there.parent
    room = min(room, shutil.disk_usage(there).free + parts)
    chosen, others = fitting(jobs, room, at_once=UNDER_WAY)
    for job in others:
        with suppress(OSError):
            discard(job.place)
    return chosen, {job.wanted.filename for job in others}


def _size(path: str) -> int:
    try:
        return Path(path).lstat().st_size
    except OSError:
        return 0


@dataclass(slots=True)
class _Keeper:
    """Keeps what came of each file (a `fetching.fetch.Watcher`). Of one with several places, the worst counts."""

    subscription: str
    store: Store
    waiting: Mapping[str, Download]
    now: datetime
    ended_as: list[Download] = field(default_factory=list)
    _outcomes: dict[str, list[Outcome]] = field(default_factory=lambda: defaultdict(list))
    _expected: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def expect(self, jobs: Iterable[Job]) -> None:
        """Be told of what is going to be fetched."""
        for job in jobs:
            self._expected[job.wanted.filename] += 1

    def received(self, count: int) -> None:
        """Nothing is shown."""

    def ended(self, outcome: Outcome) -> None:
        """Keep it, if it is the last of the file's places."""
        name = outcome.job.wanted.filename
        outcomes = self._outcomes[name]
        outcomes.append(outcome)
        if len(outcomes) < self._expected[name]:
            return
        bad = next((each for each in outcomes if each.is_missing), None)
        if bad is None:
            self.end(name, DownloadState.FETCHED, None, outcome.job.wanted.size)
        elif bad.result in _FOR_GOOD or self.waiting[name].tries + 1 >= TRIES:
            self.end(name, DownloadState.MISSING, bad.reason)
        else:
            self.end(name, DownloadState.WAITING, bad.reason)

    def end(self, name: str, state: DownloadState, reason: str | None, size: int | None = None) -> None:
        """Keep what came of a file."""
        before = self.waiting[name]
        download = replace(before, state=state, tries=before.tries + 1, size=size, reason=reason)
        with self.store.writing() as connection:
            stored_downloads.settle(connection, self.subscription, download, self.now)
        self.ended_as.append(download)
