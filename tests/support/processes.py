"""Which processes a test starts: only those that carry the mark `process` may, so that the others are quick."""

from __future__ import annotations

import sys

_STARTS = frozenset(("subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system"))

started: list[object] = []
"""What was started; who looks at it clears it before."""


def _look(event: str, arguments: tuple[object, ...]) -> None:
    if event in _STARTS:
        started.append(arguments[1] if event == "subprocess.Popen" else event)


sys.addaudithook(_look)
