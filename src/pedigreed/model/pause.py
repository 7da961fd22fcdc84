"""A channel that refuses as a whole, and is left alone for a while."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Pause:
    """One channel's pause. All times are UTC.

    Attributes:
        channel: its name in the configuration.
        since: when it first refused.
        until: when one message is tried again.
        tries: how often it refused in a row.
        reason: what it said last.
    """

    channel: str
    since: datetime
    until: datetime
    tries: int
    reason: str
