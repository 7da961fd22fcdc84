"""One message on its way to one destination, as the outbox keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from pedigreed.model.message import Message


class DeliveryState(StrEnum):
    """Where a delivery stands. The set is closed."""

    WAITING = "waiting"
    SENDING = "sending"
    """A process has it, until its lease ends."""
    SENT = "sent"
    REFUSED = "refused"
    """The destination refused it for good."""
    EXPIRED = "expired"
    """It could not be handed over within its age limit."""
    UNSURE = "unsure"
    """It was handed over twice, and it is not known of either whether it arrived."""
    CANCELLED = "cancelled"
    """A person called it off."""


GIVEN_UP = (DeliveryState.REFUSED, DeliveryState.EXPIRED, DeliveryState.UNSURE)
"""Finished without the destination's word that it took the message."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A row of the outbox. All times are UTC.

    Attributes:
        key: the row's number.
        digest_id: what is delivered; None for a word to the operator.
        message: the bytes, and where they go.
        state: where it stands.
        attempts: how often it was tried.
        next_attempt_at: not before this; while it is being sent, the end of the lease; None once it is finished.
        last_outcome: what came of the last attempt; for people.
        maybe_repeated: whether an earlier attempt may have arrived already.
        unsure: how many attempts ended without a word of the destination after it had the whole message.
        created_at: when the digest was composed.
        finished_at: when it reached its last state.
    """

    key: int
    digest_id: str | None
    message: Message
    state: DeliveryState
    attempts: int
    next_attempt_at: datetime | None
    last_outcome: str | None
    maybe_repeated: bool
    created_at: datetime
    finished_at: datetime | None
    unsure: int = 0
