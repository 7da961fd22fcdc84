"""The recorded archive, well behaved until a test says otherwise, and a real IMAP server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from imap_host import imap, imap_server
from misbehaving import FaultyArchive
from pedigreed.demo.scenario import DAY_2, archive_at

if TYPE_CHECKING:
    from collections.abc import Iterator


__all__ = ["imap", "imap_server"]


@pytest.fixture
def recorded() -> Iterator[FaultyArchive]:
    with FaultyArchive(archive_at, DAY_2) as archive:
        yield archive
