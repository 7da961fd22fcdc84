"""How the reading of one source of announcements stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class SourceState:
    """One source. All times are UTC.

    Attributes:
        name: the source's.
        asked_at: when it was last read.
        complete_at: when it was last read to its end; None if it never was.
        failures: how many readings in a row were not complete.
        problem: why the last reading was not complete; None if it was.
        bookmark: what the source wants to be given the next time.
    """

    name: str
    asked_at: datetime
    complete_at: datetime | None = None
    failures: int = 0
    problem: str | None = None
    bookmark: str | None = None
