"""A disk that hangs holds up the process that looks at it, and nothing else."""

from __future__ import annotations

import os
import signal
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from background import PATIENCE
from fits_files import write_product
from pedigreed.model.local_file import FolderLook
from pedigreed.sources.disk.own_process import look_through_apart
from pedigreed.sources.disk.product_files import look_through

pytestmark = pytest.mark.process

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
CAL = "jw01345001001_02101_00001_nrcb1_cal.fits"


def test_a_folder_is_looked_through_as_in_this_process(tmp_path: Path) -> None:
    write_product(tmp_path / "a" / CAL, "1.20.2", "jwst_1464.pmap", "2025-11-06T02:00:00.000")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / CAL).write_bytes(b"")
    (tmp_path / "a" / "link").symlink_to("../b")
    folders = [str(tmp_path / each) for each in ("a", "gone", "b")]
    looks = list(look_through_apart(folders, {}, NOW))
    assert looks == [look_through(folder, {}, NOW) for folder in folders]
    known = {look.folder: {file.path: file for file in look.files} for look in looks}
    assert [look.headers for look in look_through_apart(folders, known, NOW)] == [0, 0, 0]


def stop_one_child(stopped: list[int]) -> None:
    """As a disk does that does not answer: the process waits for it, whoever asks it to end."""
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        for child in children.read_text().split():
            # Before it is itself it is a copy of this process, which waits for it.
            if b"pedigreed.sources.disk.own_process" in Path(f"/proc/{child}/cmdline").read_bytes():
                os.kill(int(child), signal.SIGSTOP)
                stopped.append(int(child))
                return
        time.sleep(0.001)


def test_a_disk_that_hangs_is_said_and_the_others_are_looked_through(tmp_path: Path) -> None:
    folders = [str(tmp_path / each) for each in ("a", "b")]
    write_product(tmp_path / "b" / CAL, "1.20.2", None, None)
    stopped: list[int] = []
    stopping = threading.Thread(target=stop_one_child, args=(stopped,))
    stopping.start()
    first, second = look_through_apart(folders, {}, NOW, silence=5)
    stopping.join()
    assert stopped
    assert first == FolderLook(folders[0], problem="its disk did not answer within 5 s")
    assert [file.filename for file in second.files] == [CAL]


def test_a_look_that_is_killed_is_said(tmp_path: Path) -> None:
    def kill() -> None:
        stopped: list[int] = []
        stop_one_child(stopped)
        os.kill(stopped[0], signal.SIGKILL)

    killing = threading.Thread(target=kill)
    killing.start()
    (look,) = look_through_apart([str(tmp_path)], {}, NOW)
    killing.join()
    assert look.problem == "what looked through it ended before its time"
