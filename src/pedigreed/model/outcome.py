"""What became of one attempt to hand a message over.

The set is closed: the channel classifies, the outbox decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Sent:
    """The destination took the message. `receipt` is what it answered."""

    receipt: str = ""


@dataclass(frozen=True, slots=True)
class Retry:
    """Not now.

    Attributes:
        reason: why.
        after: the least pause that the destination asked for.
        of_channel: whether the channel as a whole can't be used until someone mends it: a bad login, a dead
            webhook. No other message would get through either.
    """

    reason: str
    after: timedelta = timedelta(0)
    of_channel: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """Never: the destination refuses this message or this recipient for good."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unsure:
    """The connection died after the message was handed over: it may have arrived."""

    reason: str


Outcome = Sent | Retry | Refused | Unsure
