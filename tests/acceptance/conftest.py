"""All that the program has to do with."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from imap_host import imap, imap_server
from leaks import keep_secret, no_secret_leaks, pytest_runtest_makereport
from observatory import Observatory, observatory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["imap", "imap_server", "keep_secret", "no_secret_leaks", "pytest_runtest_makereport"]


@pytest.fixture
def obs(tmp_path: Path, store_url: str) -> Iterator[Observatory]:
    """An observatory with a store on each database."""
    with observatory(tmp_path, store_url) as opened:
        yield opened


@pytest.fixture
def file_obs(tmp_path: Path) -> Iterator[Observatory]:
    """An observatory with a store in an SQLite file."""
    with observatory(tmp_path, f"sqlite:///{tmp_path}/store/pedigreed.db") as opened:
        yield opened


@pytest.fixture
def shared_obs(tmp_path: Path, postgresql_url: str) -> Iterator[Observatory]:
    """An observatory with a store on PostgreSQL, which several processes share."""
    with observatory(tmp_path, postgresql_url) as opened:
        yield opened


@pytest.fixture
def now_obs(obs: Observatory) -> Observatory:
    """An observatory of this moment, for processes that look at the clock, with a store on each database."""
    obs.is_now()
    return obs


@pytest.fixture
def now_file_obs(file_obs: Observatory) -> Observatory:
    """An observatory of this moment with a store in an SQLite file."""
    file_obs.is_now()
    return file_obs


@pytest.fixture
def now_shared_obs(shared_obs: Observatory) -> Observatory:
    """An observatory of this moment with a store on PostgreSQL."""
    shared_obs.is_now()
    return shared_obs


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 32 megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", folder], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no disk of its own may be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)
