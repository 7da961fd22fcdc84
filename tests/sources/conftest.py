"""The recorded archive, well behaved until a test says otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pedigreed.demo.archive import DemoArchive
from pedigreed.demo.scenario import DAY_2, archive_at

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def recorded() -> Iterator[DemoArchive]:
    with DemoArchive(archive_at, DAY_2) as archive:
        yield archive
