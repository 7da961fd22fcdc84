"""A message on its way to one destination: what is sent, what became of each attempt, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Message:
    """Bytes for one destination, rendered once and kept.

    Attributes:
        message_id: derived from digest and destination, so a repeat carries the same, without angle brackets.
        channel: the channel's name in the configuration.
        recipient: an address for a channel that has recipients; empty otherwise.
        sender: the envelope's sender for e-mail; empty otherwise.
        subject: one line, for lists and logs.
        content: what is handed over: an RFC 5322 message with CRLF line ends, or JSON for Slack and webhooks.
    """

    message_id: str
    channel: str
    recipient: str
    sender: str
    subject: str
    content: bytes


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
        is_certain: whether the answer says that the message or its recipient is at fault. Otherwise the channel
            may be, where it takes nothing else either.
    """

    reason: str
    of_form: bool = False
    is_certain: bool = True


@dataclass(frozen=True, slots=True)
class Unsure:
    """It is not known whether the message arrived: there was no answer to it, or none that says so.

    Attributes:
        reason: why.
        may_be_repeated: whether to hand it over once more. Not where an answer came: it would come again.
    """

    reason: str
    may_be_repeated: bool = True


Outcome = Sent | Retry | Refused | Unsure
"""What became of one attempt. The set is closed: the channel classifies, the outbox decides."""


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


@dataclass(frozen=True, slots=True)
class ListedDelivery:
    """A row of the outbox, without the bytes of its message.

    Attributes:
        delivery: the row. The content of its message is empty.
        subscription: whose digest it is; None for a word to the operator.
        size: of the message, in bytes.
        sha256: of its bytes, hexadecimal, where they are kept no more; None while they are.
    """

    delivery: Delivery
    subscription: str | None
    size: int
    sha256: str | None = None
