"""The recorded archive and CRDS server, which misbehave when a test says so."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from misbehaving import FaultyArchive, FaultyCrds
from pedigreed.demo.crds_story import crds_at
from pedigreed.demo.scenario import DAY_2, archive_at

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def servers() -> Iterator[tuple[FaultyArchive, FaultyCrds]]:
    with ExitStack() as opened:
        archive = opened.enter_context(FaultyArchive(archive_at, DAY_2))
        yield archive, opened.enter_context(FaultyCrds(crds_at, DAY_2))
