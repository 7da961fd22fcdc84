"""What became of one attempt to hand a message over.

The set is closed: the channel classifies, the outbox decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Scope(StrEnum):
    """How far a failed attempt reaches. The set is closed."""

    MESSAGE = "message"
    """This message alone."""
    CHANNEL_BUSY = "channel busy"
    """Every message, for now: the server can't be reached, or asks for a pause. Nobody need mend anything."""
    CHANNEL_BROKEN = "channel broken"
    """Every message, until someone mends the channel: a bad login, a dead webhook."""


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
        scope: whom it concerns.
    """

    reason: str
    after: timedelta = timedelta(0)
    scope: Scope = Scope.MESSAGE


@dataclass(frozen=True, slots=True)
class Refused:
    """Never: the destination refuses this message or this recipient for good.

    Attributes:
        reason: why.
        of_form: whether the form of the message is at fault, such as its size: a lighter form may be taken.
    """

    reason: str
    of_form: bool = False


@dataclass(frozen=True, slots=True)
class Unsure:
    """The connection died after the message was handed over: it may have arrived."""

    reason: str


Outcome = Sent | Retry | Refused | Unsure
