"""The recorded archive, well behaved until a test says otherwise, and a real IMAP server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from imap_host import ImapHost, imap_host
from mail_host import what_is_missing
from pedigreed.demo.archive import DemoArchive
from pedigreed.demo.scenario import DAY_2, archive_at
from real_servers import missing

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def recorded() -> Iterator[DemoArchive]:
    with DemoArchive(archive_at, DAY_2) as archive:
        yield archive


@pytest.fixture(scope="session")
def imap_server() -> Iterator[ImapHost]:
    """Dovecot, once for all tests."""
    if reason := what_is_missing():
        missing(reason)
    with imap_host() as host:
        yield host


@pytest.fixture
def imap(imap_server: ImapHost) -> ImapHost:
    """Its mailbox, empty."""
    imap_server.empty()
    return imap_server
