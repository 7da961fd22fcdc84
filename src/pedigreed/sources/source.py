"""What every source of announcements offers: a name, and a reading of what is new since its bookmark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from pedigreed.model.news_source import Reading


class Source(Protocol):
    """The CRDS server, a feed or a mailbox. It is only read."""

    @property
    def name(self) -> str:
        """What people call it, without secrets. It stays the same for the same address."""

    def read(self, bookmark: str | None, now: datetime) -> Reading:
        """Read what is new.

        It blocks, ends within the source's own limits, and raises nothing: what went wrong is told.

        Args:
            bookmark: what the last reading gave; None at the first.
            now: UTC.
        """
