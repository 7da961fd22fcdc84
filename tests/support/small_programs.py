"""Small programs in the place of those that do the work."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pedigreed.daemon.worker import Worker
from pedigreed.model.work import Work

if TYPE_CHECKING:
    from pathlib import Path

HANG = "(folder / 'begun').write_text(str(os.getpid())); time.sleep(600)"
"""Say who it is, and do nothing for long."""


def employ(script: str, folder: Path, work: Work = Work.ASK, lock: int | None = None) -> Worker:
    """A worker whose processes run a Python script, with a folder as `folder`."""
    begin = f"import os, pathlib, signal, sys, time; folder = pathlib.Path({str(folder)!r})\n"
    return Worker(work, lock, (sys.executable, "-c", begin + script))
