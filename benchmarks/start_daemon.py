"""The daemon with 200 subscriptions from its start until it is ready, on a new store and on one that was used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.figures import StartDaemon
from benchmarks.measuring import alternated, hand_back, timed, without_log_lines
from benchmarks.resident import resident
from benchmarks.subscribers import NOBODY, configuration, served_before

_TIMES = 7
_IMPORTS = "import astroquery, sqlalchemy"


def main() -> None:
    folder = Path(sys.argv[1])
    without_log_lines()
    used = served_before(folder / "start-used")
    new = configuration(folder / "start-new", NOBODY, ["06:00"])
    taken = alternated(
        {"used": lambda: _ready_after(used), "new": lambda: _ready_on_new_store(new), "imports": _imported_after},
        _TIMES,
    )
    hand_back(StartDaemon(**taken))


def _ready_after(config: Path) -> float:
    with resident(config) as daemon:
        return daemon.ready_after


def _ready_on_new_store(config: Path) -> float:
    for file in config.parent.glob("pedigreed.db*"):
        file.unlink()
    return _ready_after(config)


def _imported_after() -> float:
    return timed(lambda: subprocess.run([sys.executable, "-c", _IMPORTS], check=True))


if __name__ == "__main__":
    main()
