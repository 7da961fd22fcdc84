"""What the figures were taken on: kinds and numbers, no names and no paths."""

from __future__ import annotations

import os
import platform
import sqlite3
from importlib.metadata import version
from pathlib import Path

_LIBRARIES = ("msgspec", "orjson", "sqlalchemy", "astroquery", "astropy", "pandas", "numpy")


def machine() -> str:
    """The processor, the memory and the system, in one line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores ({_processor()}), {memory:.0f} GiB of memory, "
        f"{platform.system()} {platform.release().split('-')[0]}"
    )


def libraries() -> str:
    """The versions that matter, in one line."""
    found = [f"{library} {version(library)}" for library in _LIBRARIES]
    return f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {', '.join(found)}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
