"""A delivery in words, and as JSON."""

from typing import TYPE_CHECKING, Any

from pedigreed.cli.output import day_and_time
from pedigreed.model.delivery import DeliveryState

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pedigreed.model.delivery import Delivery, ListedDelivery
    from pedigreed.model.pause import Pause


def named(delivery: "Delivery") -> str:
    """``delivery 17 to email me@obs.example``."""
    return f"delivery {delivery.key} to {where(delivery)}"


def where(delivery: "Delivery") -> str:
    return " ".join(filter(None, (delivery.message.channel, delivery.message.recipient)))


def state_of(delivery: "Delivery") -> str:
    return delivery.state.value + (", perhaps twice" if delivery.maybe_repeated else "")


def may_have_arrived(delivery: "Delivery") -> bool:
    return delivery.maybe_repeated or delivery.state is DeliveryState.SENDING


def when(delivery: "Delivery", paused: "Mapping[str, Pause]", at: "datetime") -> str:
    """When it was finished, is tried next, or has to be handed over by."""
    if delivery.finished_at is not None:
        return day_and_time(delivery.finished_at)
    if pause := pause_of(delivery, paused, at):
        return f"paused to {day_and_time(pause.until)}"
    if delivery.next_attempt_at is None or delivery.next_attempt_at <= at:
        return "due now"
    until = "until " if delivery.state is DeliveryState.SENDING else ""
    return until + day_and_time(delivery.next_attempt_at)


def pause_of(delivery: "Delivery", paused: "Mapping[str, Pause]", at: "datetime") -> "Pause | None":
    """The pause of its channel that a delivery waits for."""
    pause = paused.get(delivery.message.channel)
    if pause is None or pause.until <= at or delivery.next_attempt_at is None:
        return None
    return pause if delivery.next_attempt_at < pause.until else None


def document(listed: "ListedDelivery", paused: "Mapping[str, Pause]", at: "datetime") -> dict[str, Any]:
    """The shape that docs/json.md has."""
    delivery = listed.delivery
    message = delivery.message
    pause = pause_of(delivery, paused, at)
    return {
        "number": delivery.key,
        "subscription": listed.subscription,
        "digest": delivery.digest_id,
        "channel": message.channel,
        "recipient": message.recipient or None,
        "sender": message.sender or None,
        "subject": message.subject,
        "message_id": message.message_id,
        "bytes": listed.size,
        "created": delivery.created_at,
        "state": delivery.state.value,
        "attempts": delivery.attempts,
        "unsure_attempts": delivery.unsure,
        "maybe_repeated": delivery.maybe_repeated,
        "next_attempt": delivery.next_attempt_at,
        "finished": delivery.finished_at,
        "paused_until": pause.until if pause else None,
        "outcome": delivery.last_outcome,
    }
