from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pedigreed.store.database import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def store(migrated_url: str) -> Iterator[Store]:
    """An open store, on each database."""
    with Store(migrated_url) as opened:
        yield opened


@pytest.fixture
def hasty_store(migrated_url: str) -> Iterator[Store]:
    """An open store that hardly waits for what is locked, on each database."""
    with Store(migrated_url, busy_seconds=0.05) as opened:
        yield opened


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a store on SQLite may be; its folder is not there yet."""
    return tmp_path / "state" / "pedigreed.db"


@pytest.fixture
def url(path: Path) -> str:
    """The URL of the store at `path`."""
    return f"sqlite:///{path}"
