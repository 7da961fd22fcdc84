"""A process that is killed at any step leaves the old file or the new one, and the next call ends the work."""

from __future__ import annotations

import signal
import subprocess
import sys
from itertools import count
from typing import TYPE_CHECKING

import pytest

from commands import environment
from file_archive import FileArchive, ListedArchive, content, wanted
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

ARMED = """
import os, signal, sys
from pathlib import Path

left = [sys.maxsize]

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
"""

KILLED = f"""
{ARMED}
from pedigreed.fetching import part_file
from pedigreed.fetching.fetch import Archive, fetch
from pedigreed.fetching.old_files import old_file
from pedigreed.fetching.plan import Job
from pedigreed.fetching.wanted_file import WantedFile

url, place, size, checksum, last = sys.argv[1:]

class Quiet:
    def received(self, count): pass
    def ended(self, outcome): pass

job = Job(WantedFile(Path(place).name, 1180, int(size), checksum), place, old_file(place))
left[0] = int(last)
outcomes = fetch([job], Archive.mast(url, None), Quiet(), keeps_old=True)
sys.exit(outcomes[0].is_missing)
"""


KILLED_COMMANDS = f"""
{ARMED}
from pedigreed.cli.app import main
from pedigreed.fetching import fetch as fetching
import astroquery.mast, pedigreed.cli.fetch, pedigreed.fetching.part_file

url, data = sys.argv[1:]
fetch = fetching.fetch

def calls(last):
    "The command in a process of its own, which is killed after so many steps of fetching; how it ended."
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    def armed(*arguments, **options):
        left[0] = last
        try:
            return fetch(*arguments, **options)
        finally:
            left[0] = sys.maxsize
    fetching.fetch = armed
    sys.argv = ["pedigreed", "fetch", "--local", data, "--mast", url, "--yes"]
    sys.stdout = sys.stderr = open(os.devnull, "w")
    try:
        main()
    except SystemExit as end:
        os._exit(end.code or 0)

print("ready", flush=True)
for line in sys.stdin:
    print(calls(int(line)), flush=True)
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


def test_a_renewal_of_a_folder_is_killed_at_each_step_and_ends_with_the_next_call(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "mine").mkdir(parents=True)
    with ListedArchive(1180, 1) as archive:
        (name,) = archive.downloads.files
        new, old = content(name), content(name, 0)
        place = data / "mine" / name
        with subprocess.Popen(
            [sys.executable, "-c", KILLED_COMMANDS, archive.url, data],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            env=environment({"HOME": str(tmp_path)}),
            cwd=tmp_path,
        ) as killed:
            assert killed.stdin is not None
            assert killed.stdout is not None
            assert killed.stdout.readline() == "ready\n"

            def call(steps: int) -> int:
                assert killed.stdin is not None
                assert killed.stdout is not None
                print(steps, file=killed.stdin, flush=True)
                return int(killed.stdout.readline())

            for steps in count():
                place.write_bytes(old)
                code = call(steps)
                assert place.read_bytes() in (old, new), steps
                if code != -signal.SIGKILL:
                    break
                if steps % 4 == 0:
                    assert call(sys.maxsize) == 0, steps
                    assert {path.name: path.read_bytes() for path in place.parent.iterdir()} == {place.name: new}
                for left in place.parent.glob("*.part*"):
                    left.unlink()
            assert code == 0
            killed.stdin.close()
    assert steps > 20
