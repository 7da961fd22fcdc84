"""Cycles between a small archive and a store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from leaks import keep_secret, no_secret_leaks, pytest_runtest_makereport
from misbehaving import FaultyArchive
from pedigreed.store.database import Store
from watcher import DAY_0, Holdings, Watcher

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["keep_secret", "no_secret_leaks", "pytest_runtest_makereport"]


@pytest.fixture
def store_url(migrated_url: str) -> str:
    """The URL of a store that has its tables, on each database."""
    return migrated_url


@pytest.fixture
def watcher(store_url: str, tmp_path: Path) -> Iterator[Watcher]:
    """Cycles of program 1180 in NIRCam, on each kind of store."""
    holdings = Holdings()
    with FaultyArchive(holdings.at, DAY_0) as recorded, Store(store_url) as store:
        yield Watcher(store, recorded, holdings, tmp_path / "mails")
