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
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A row of the outbox. All times are UTC.

    Attributes:
        key: the row's number.
        digest_id: what is delivered.
        message: the bytes, and where they go.
        state: where it stands.
        attempts: how often it was tried.
        next_attempt_at: not before this; while it is being sent, the end of the lease; None once it is finished.
        last_outcome: what came of the last attempt; for people.
        maybe_repeated: whether an earlier attempt may have arrived already.
        created_at: when the digest was composed.
        finished_at: when it reached its last state.
    """

    key: int
    digest_id: str
    message: Message
    state: DeliveryState
    attempts: int
    next_attempt_at: datetime | None
    last_outcome: str | None
    maybe_repeated: bool
    created_at: datetime
    finished_at: datetime | None
