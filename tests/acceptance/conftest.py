"""All that the program has to do with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from observatory import Observatory, observatory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def obs(tmp_path: Path, store_url: str) -> Iterator[Observatory]:
    """An observatory with a store on each database."""
    with observatory(tmp_path, store_url) as opened:
        yield opened
