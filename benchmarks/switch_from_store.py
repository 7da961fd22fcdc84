"""A switch of CRDS's contexts over the products of a store, in a process that has nothing else in its memory."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measuring import without_log_lines
from benchmarks.resident import memory_of
from pedigreed.impact.comparison import Comparison
from pedigreed.model.instrument import Instrument
from pedigreed.service.impact import inventory_of
from pedigreed.service.rule_contexts import COMPILER, Contexts
from pedigreed.sources.crds.rules import PATIENCE, RuleFiles
from pedigreed.store.database import Store

if TYPE_CHECKING:
    from pedigreed.impact.context import Context

CRDS = Path(__file__).parents[2] / "shared" / "data" / "crds"
OLDER, NEWEST = "jwst_0560", "jwst_0567"
PROGRAMS = range(400)


def contexts_in(folder: Path) -> Contexts:
    """The real contexts, with their compiled files in a folder."""
    return Contexts(RuleFiles(folder, COMPILER, None, "", crds_path=CRDS, patience=PATIENCE))


def store_in(folder: Path) -> Store:
    """The store with the million products."""
    return Store(f"sqlite:///{folder / 'million.db'}")


def main() -> None:
    """Print the seconds of the whole, those of the read, the least of three each, and the peak memory in bytes."""
    without_log_lines()
    folder = Path(sys.argv[1])
    contexts = contexts_in(folder)
    old, new = (contexts.context(name, tuple(Instrument)) for name in (OLDER, NEWEST))
    with store_in(folder) as store:
        times = [_times(store, old, new) for _ in range(3)]
    whole, read = map(min, zip(*times, strict=True))
    print(json.dumps([whole, read, memory_of(os.getpid()).peak]))


def _times(store: Store, old: Context, new: Context) -> tuple[float, float]:
    began = time.process_time()
    with store.reading() as connection:
        inventory = inventory_of(connection, PROGRAMS)
    read = time.process_time() - began
    Comparison(old, new).impact(inventory)
    return time.process_time() - began, read


if __name__ == "__main__":
    main()
