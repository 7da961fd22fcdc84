"""What is left alone for a while: by a failure as a whole, or by a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


LONGEST = timedelta(days=2)
"""Nothing is put off for so long. What seems to be was put off by a clock that was ahead."""


def nth_pause(steps: Sequence[timedelta], times: int) -> timedelta:
    """The pause after so many failures in a row, from one on; the last step repeats."""
    return steps[min(times, len(steps)) - 1]


class Paused(StrEnum):
    """What is left alone. The set is closed."""

    CHANNEL = "channel"
    """The sending by one channel."""
    DIGEST = "digest"
    """The composing of one subscription's digest."""
    TEMPLATE = "template"
    """The operator's own template, with one subscription's digest. The next digest tries it again."""


@dataclass(frozen=True, slots=True)
class Pause:
    """One pause. All times are UTC.

    Attributes:
        kind: what is left alone.
        name: of the channel or the subscription, in the configuration.
        since: when it first failed.
        until: when it is tried again. A channel is tried with one message.
        tries: how often it failed in a row.
        reason: what was said last.
        needs_mending: whether it stays until someone mends it; otherwise it may pass by itself.
    """

    kind: Paused
    name: str
    since: datetime
    until: datetime
    tries: int
    reason: str
    needs_mending: bool = True

    def holds(self, now: datetime) -> bool:
        """Whether it is not over at a moment (UTC)."""
        return now < self.until <= now + LONGEST


@dataclass(frozen=True, slots=True)
class Mute:
    """No digest of a subscription is composed meanwhile; the first one afterwards covers it all. Times are UTC."""

    subscription: str
    since: datetime
    until: datetime
