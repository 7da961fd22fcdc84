"""Processes from their start to their end: `pedigreed once`, and the script that a user would write.

Both ask the same archive over HTTP on loopback for a program of 50,000 products, on what they knew of it before.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figures import OneProcess, WholeOnce
from benchmarks.large_archive import ALL, FIRST, NONE, SECOND
from benchmarks.measuring import hand_back
from benchmarks.replies import AFTER, BEFORE, INSTRUMENT, PROGRAM

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

_TIMES = 3
_CLIENT = ["-c", "from astroquery.mast.discovery_portal import PortalAPI; import sqlalchemy"]


def main() -> None:
    folder = Path(sys.argv[1]).resolve()
    serving = [sys.executable, "-m", "benchmarks.large_archive"]
    with subprocess.Popen(serving, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            hand_back(_measured(folder, server.stdout.readline().strip()))
        finally:
            server.terminate()


def _measured(folder: Path, url: str) -> WholeOnce:
    once, script = _Once(folder / "once", url), _Script(folder / "script", url)
    runs: dict[str, Callable[[], OneProcess]] = {
        "one_percent": lambda: once.run(SECOND),
        "one_percent_script": lambda: script.run(SECOND),
        "everything": lambda: once.run(ALL),
        "everything_script": lambda: script.run(ALL),
        "nothing": once.run_again,
        "client": lambda: _run(_CLIENT),
    }
    found: dict[str, list[OneProcess]] = {name: [] for name in runs}
    for _ in range(_TIMES):
        for name, run in runs.items():
            found[name].append(run())
    return WholeOnce(**found)


class _Once:
    """`pedigreed once`, its store as it was after the baseline."""

    def __init__(self, folder: Path, url: str) -> None:
        folder.mkdir()
        self._folder, self._url = folder, url
        self._store, self._kept = folder / "pedigreed.db", folder / "baseline.db"
        self._ask(FIRST, BEFORE)
        # What is left in the log beside a store is written back when the last process closes it.
        shutil.copyfile(self._store, self._kept)

    def run(self, root: str) -> OneProcess:
        shutil.copyfile(self._kept, self._store)
        return self._ask(root, AFTER)

    def run_again(self) -> OneProcess:
        """An hour after `run`: only what is younger is asked for, and nothing is due."""
        return self._ask(NONE, AFTER + timedelta(hours=1))

    def _ask(self, root: str, now: datetime) -> OneProcess:
        config = self._folder / "pedigreed.yaml"
        config.write_text(
            f"store: sqlite:///{self._store}\n"
            f"sources: {{mast: {{url: '{self._url}{root}'}}, crds: {{url: none}}}}\n"
            f"channels: {{keep: {{folder: {{path: {self._folder / 'out'}}}}}}}\n"
            "subscriptions:\n"
            f"  - {{name: jades, watch: {{programs: [{PROGRAM}], instruments: [{INSTRUMENT}]}}, "
            "deliver: [{channel: keep}]}\n"
        )
        return _run(["-m", "pedigreed", "once", "--quiet", "--config", str(config), "--now", str(now)])


class _Script:
    """The script, its file as it was yesterday."""

    def __init__(self, folder: Path, url: str) -> None:
        folder.mkdir()
        self._url, self._yesterday, self._kept = url, folder / "yesterday.pickle", folder / "kept.pickle"
        self._ask(FIRST)
        shutil.copyfile(self._yesterday, self._kept)

    def run(self, root: str) -> OneProcess:
        shutil.copyfile(self._kept, self._yesterday)
        return self._ask(root)

    def _ask(self, root: str) -> OneProcess:
        return _run(["-m", "benchmarks.whole_script", f"{self._url}{root}", str(self._yesterday)])


def _run(arguments: list[str]) -> OneProcess:
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    command = [sys.executable, *arguments]
    process = os.posix_spawn(sys.executable, command, os.environ, file_actions=quiet)
    _, status, used = os.wait4(process, 0)
    assert status == 0, arguments
    return OneProcess(used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)


if __name__ == "__main__":
    main()
