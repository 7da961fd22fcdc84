"""pedigreed as `make install` puts it on a machine, below a folder that stands for its root."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from real_servers import missing

ROOT = Path(__file__).parents[2]


def make(target: str, destination: Path, **variables: str | Path) -> None:
    """Call make as a person does."""
    # What this process was told of Python is not for the one that is installed.
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MAKE"))}
    given = [f"{name}={value}" for name, value in {"DESTDIR": destination, **variables}.items()]
    done = subprocess.run(
        ["make", "--no-print-directory", target, *given],
        cwd=ROOT,
        env=clean,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"


def python() -> str:
    """A Python that a service of the machine can see, which is none in a home folder."""
    candidates = (Path(sys.base_prefix, "bin", "python3"), Path("/usr/bin/python3"))
    seen = [candidate for candidate in candidates if candidate.exists() and not _is_at_home(candidate.resolve())]
    fit = [str(candidate) for candidate in seen if _makes_environments(candidate)]
    if not fit:
        missing("a Python outside of the home folders, with its module venv,")
    return fit[0]


def _is_at_home(path: Path) -> bool:
    return any(path.is_relative_to(home) for home in ("/root", "/home", "/run/user"))


def _makes_environments(candidate: Path) -> bool:
    asked = "import ensurepip, sys; sys.exit(sys.version_info < (3, 11))"
    return subprocess.run([candidate, "-c", asked], capture_output=True, check=False).returncode == 0
