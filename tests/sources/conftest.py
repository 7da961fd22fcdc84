"""The recorded archive, well behaved until a test says otherwise, and a real IMAP server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from imap_host import imap, imap_server
from misbehaving import FaultyArchive
from pedigreed.demo.scenario import DAY_2, archive_at
from pedigreed.sources.mailbox import gathering

if TYPE_CHECKING:
    from collections.abc import Iterator


__all__ = ["imap", "imap_server"]


@pytest.fixture
def recorded() -> Iterator[FaultyArchive]:
    with FaultyArchive(archive_at, DAY_2) as archive:
        yield archive


@pytest.fixture(autouse=True)
def no_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine is, a reading of a mailbox ends by its mails."""
    monkeypatch.setattr(gathering, "MOST_SECONDS", 3600.0)
