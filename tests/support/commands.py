"""The real program in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    code: int
    out: str
    err: str


def pedigreed(*arguments: str | Path, environ: dict[str, str] | None = None, cwd: Path | None = None) -> Ended:
    """Run `pedigreed`. Of the caller's environment only what Python needs is passed on."""
    done = _run(arguments, environ, cwd)
    return Ended(done.returncode, _text(done.stdout), _text(done.stderr))


def printed(*arguments: str | Path, environ: dict[str, str] | None = None) -> bytes:
    """What `pedigreed` prints, byte for byte, when all is well."""
    done = _run(arguments, environ, None)
    assert done.returncode == 0, _text(done.stderr)
    return done.stdout


def _run(
    arguments: tuple[str | Path, ...], environ: dict[str, str] | None, cwd: Path | None
) -> subprocess.CompletedProcess[bytes]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "PYTHONPATH") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "pedigreed", *map(str, arguments)],
        capture_output=True,
        check=False,
        cwd=cwd,
        env={**kept, **(environ or {})},
        timeout=120,
    )


def _text(output: bytes) -> str:
    return output.decode().replace("\r\n", "\n")


def killed(*arguments: str | Path, after: float) -> None:
    """Run `pedigreed` and kill it after so many seconds, wherever it is."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pedigreed", *map(str, arguments)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        process.kill()
    process.wait()
