"""The real program: in a process of its own, or its command line in that of the test."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

from pedigreed.cli.app import main

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kill_points import Point

_KILLED = Path(__file__).with_name("killed_pedigreed.py")
_PATIENCE = 120

outputs: list[bytes] = []
"""What the commands of a test printed."""


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


def pedigreed(*arguments: str | Path, environ: dict[str, str] | None = None, cwd: Path | None = None) -> Ended:
    """Run `pedigreed`. Of the caller's environment only what Python needs is passed on."""
    done = _run(arguments, environ, cwd)
    return Ended(done.returncode, _text(done.stdout), _text(done.stderr))


def in_process(*arguments: str | Path, environ: dict[str, str] | None = None) -> Ended:
    """Do the same in the process of the test, which takes a tenth of the time.

    For commands that set up no log, which is the process's own; so not for `once`, `run` and `demo`. What is
    configured for all of this machine is not seen: pedigreed may be in use on it.
    """
    said = io.BytesIO(), io.BytesIO()
    out, err = (io.TextIOWrapper(stream, encoding="utf-8", write_through=True) for stream in said)
    with (
        patch.dict(os.environ, environment(environ), clear=True),
        patch.object(sys, "argv", ["pedigreed", *map(str, arguments)]),
        patch("pedigreed.cli.options.SYSTEM_CONFIGURATION", Path("nothing", "for", "all.yaml")),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code
    assert isinstance(code, int)
    outputs.extend(stream.getvalue() for stream in said)
    return Ended(code, *(_text(stream.getvalue()) for stream in said))


def printed(*arguments: str | Path, environ: dict[str, str] | None = None) -> bytes:
    """What `pedigreed` prints, byte for byte, when all is well."""
    done = _run(arguments, environ, None)
    assert done.returncode == 0, _text(done.stderr)
    return done.stdout


def _run(
    arguments: tuple[str | Path, ...],
    environ: dict[str, str] | None,
    cwd: Path | None,
    program: tuple[str, ...] = ("-m", "pedigreed"),
) -> subprocess.CompletedProcess[bytes]:
    done = subprocess.run(
        [sys.executable, "-W", "error", *program, *map(str, arguments)],
        capture_output=True,
        check=False,
        cwd=cwd,
        env=environment(environ),
        timeout=_PATIENCE,
    )
    outputs.extend((done.stdout, done.stderr))
    return done


def environment(own: dict[str, str] | None) -> dict[str, str]:
    """What a process is given: with a home of its own also what lies there, else the state of this test alone."""
    names = ["PATH", "HOME", "LANG", "PYTHONPATH", *(["XDG_STATE_HOME"] if "HOME" not in (own or {}) else [])]
    return {**{name: os.environ[name] for name in names if name in os.environ}, **(own or {})}


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


def killed_at(point: Point, number: int, *arguments: str | Path, environ: dict[str, str] | None = None) -> int:
    """Run `pedigreed` and kill it when it comes to a point for the n-th time. Gives how the process ended."""
    return _run(arguments, environ, None, (str(_KILLED), point.value, str(number))).returncode


@contextmanager
def running(*arguments: str | Path, environ: dict[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """`pedigreed` beside the test, which waits for it by `ended`. It does not outlive the test."""
    command = [sys.executable, "-W", "error", "-m", "pedigreed", *map(str, arguments)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(environ)
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def ended(process: subprocess.Popen[bytes]) -> Ended:
    """Wait for the end of a process that runs beside the test."""
    out, err = process.communicate(timeout=_PATIENCE)
    outputs.extend((out, err))
    return Ended(process.returncode, _text(out), _text(err))
