"""A process that is killed at any step leaves the old file or the new one, and the next call ends the work."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from file_archive import FileArchive, content, wanted
from pedigreed.fetching.fetch import Archive, Result, fetch
from pedigreed.fetching.old_files import old_file
from pedigreed.fetching.plan import Job

if TYPE_CHECKING:
    from pathlib import Path

    from pedigreed.fetching.fetch import Outcome

pytestmark = pytest.mark.process

NAME = "jw01180007001_02101_00001_nrca1_cal.fits"
NEW = content(NAME, size=3_000_000)
OLD = content(NAME, 0, size=3_000_000)

KILLED = """
import os, signal, sys
from pathlib import Path
from pedigreed.fetching import part
from pedigreed.fetching.fetch import Archive, fetch
from pedigreed.fetching.old_files import old_file
from pedigreed.fetching.plan import Job
from pedigreed.fetching.wanted import Wanted

url, place, size, checksum, last = sys.argv[1:]
left = [int(last)]

def step():
    left[0] -= 1
    if left[0] < 0:
        os.kill(os.getpid(), signal.SIGKILL)

def watched(owner, name):
    was = getattr(owner, name)
    def call(*arguments, **options):
        step()
        done = was(*arguments, **options)
        step()
        return done
    setattr(owner, name, call)

for name in ("mkdir", "open", "replace", "unlink"):
    watched(Path, name)
for name in ("open", "write", "ftruncate", "fchmod", "fsync", "link", "close"):
    watched(os, name)

class Quiet:
    def received(self, count): pass
    def ended(self, outcome): pass

job = Job(Wanted(Path(place).name, 1180, int(size), checksum), place, old_file(place))
outcomes = fetch([job], Archive.mast(url, None), Quiet(), keeps_old=True)
sys.exit(outcomes[0].is_missing)
"""


class Quiet:
    def received(self, count: int) -> None:
        """Nothing is shown."""

    def ended(self, outcome: Outcome) -> None:
        """Nothing is shown."""


def test_at_no_step_a_file_is_lost_or_half_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    file = wanted(NAME, NEW)
    steps = 0
    with FileArchive({NAME: NEW}) as archive:
        while True:
            folder = tmp_path / str(steps)
            folder.mkdir()
            place = folder / NAME
            place.write_bytes(OLD)
            done = subprocess.run(
                [sys.executable, "-c", KILLED, archive.url, place, str(file.size), str(file.checksum), str(steps)],
                check=False,
            )
            now = place.read_bytes()
            assert now in (OLD, NEW), steps
            if now == NEW:
                assert any(path.read_bytes() == OLD for path in folder.iterdir()), steps
            if done.returncode != -signal.SIGKILL:
                assert done.returncode == 0
                break
            job = Job(file, str(place), old_file(str(place)))
            (outcome,) = fetch([job], Archive.mast(archive.url, None), Quiet(), keeps_old=True)
            assert outcome.result in {Result.FETCHED, Result.THERE}, (steps, outcome)
            assert place.read_bytes() == NEW
            assert sorted(path.name for path in folder.iterdir()) == [NAME, f"{NAME}.old"], steps
            steps += 1
    assert steps > 20
