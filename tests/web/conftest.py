from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from misbehaving import FaultyArchive
from pedigreed.store.database import Store
from watcher import DAY_0, Holdings, Watcher

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def store_url(migrated_url: str) -> str:
    """The URL of a store that has its tables, on each database."""
    return migrated_url


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """An open store, on each database."""
    with Store(store_url) as opened:
        yield opened


@pytest.fixture
def watcher(store: Store, tmp_path: Path) -> Iterator[Watcher]:
    """Runs cycles on the store."""
    holdings = Holdings()
    with FaultyArchive(holdings.at, DAY_0) as recorded:
        yield Watcher(store, recorded, holdings, tmp_path / "told")
