"""From bytes to a committed store and its changes: the product's own way, and what it takes of the processor."""

from __future__ import annotations

import shutil
from datetime import timedelta
from typing import TYPE_CHECKING

from benchmarks.handed_archive import HandedArchive
from benchmarks.measuring import processed
from benchmarks.replies import AFTER, BEFORE, INSTRUMENT, PROGRAM, ROWS
from pedigreed.service.asking import collect
from pedigreed.store.database import Store

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

_SWEEP_EVERY = timedelta(days=7)


class Keeper:
    """Keeps replies on a store that is brought to the same state before every run."""

    def __init__(self, folder: Path, name: str, baseline: bytes) -> None:
        self._baseline = folder / f"{name}.baseline.db"
        self._store = folder / f"{name}.db"
        self._before = baseline
        with Store(_url(self._baseline)) as store:
            _keep(store, baseline, BEFORE, changes=0)

    def seconds(self, reply: bytes, changes: int) -> float:
        """How long one reply takes on the store as it was after the baseline."""
        shutil.copyfile(self._baseline, self._store)
        return self._on_store(reply, AFTER, changes)

    def seconds_of_first_look(self) -> float:
        """How long the baseline takes on an empty store."""
        return self._on_store(self._before, BEFORE, changes=0)

    def _on_store(self, reply: bytes, now: datetime, changes: int) -> float:
        with Store(_url(self._store)) as store:
            taken = processed(lambda: _keep(store, reply, now, changes))
        for path in self._store.parent.glob(f"{self._store.name}*"):
            path.unlink()
        return taken


def _keep(store: Store, reply: bytes, now: datetime, changes: int) -> None:
    with HandedArchive(reply, ROWS) as archive:
        (answer,) = collect({INSTRUMENT: {PROGRAM}}, store, archive, _SWEEP_EVERY, now)
    assert answer.fetched.is_complete, answer.fetched.problems
    assert answer.fetched.rows == ROWS
    assert answer.changes == changes, answer.changes


def _url(path: Path) -> str:
    return f"sqlite:///{path}"
