"""What a person has done with deliveries: retried or called off. All that is named at once, or nothing of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pedigreed.model.delivery import GIVEN_UP, DeliveryState
from pedigreed.model.failure import TryAgain, Usage
from pedigreed.model.instant import iso
from pedigreed.model.pause import Pause, Paused
from pedigreed.store import listed_deliveries
from pedigreed.store import pauses as stored_pauses

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from pedigreed.model.delivery import Delivery, ListedDelivery
    from pedigreed.store.database import Store


@dataclass(frozen=True, slots=True)
class Retried:
    """What was ordered to be tried again.

    Attributes:
        deliveries: as they stood before.
        resumed: the pauses of their channels, which are over.
    """

    deliveries: tuple[ListedDelivery, ...]
    resumed: tuple[Pause, ...]


def retry(store: Store, numbers: Sequence[int], now: datetime) -> Retried:
    """Let deliveries wait again, due now, and end the pauses of their channels.

    Raises:
        Usage: one is not there, was sent, or is being sent. Nothing was changed.
        TryAgain: another process was quicker. Nothing was changed.
    """
    with store.writing() as connection:
        return _retry(connection, numbers, now)


def retry_given_up(store: Store, channel: str | None, now: datetime) -> Retried:
    """The same for all that were given up: of one channel, or of all. What a person called off stays so."""
    with store.writing() as connection:
        return _retry(connection, listed_deliveries.numbers_of(connection, GIVEN_UP, channel), now)


def cancel(store: Store, numbers: Sequence[int], now: datetime) -> tuple[ListedDelivery, ...]:
    """Call deliveries off that are not finished. Gives them as they stood before.

    Raises:
        Usage: one is not there, is finished, or is being sent. Nothing was changed.
        TryAgain: another process was quicker. Nothing was changed.
    """
    with store.writing() as connection:
        listed = _chosen(connection, numbers, lambda delivery: _not_cancelled(delivery, now))
        changed = listed_deliveries.call_off(connection, [each.delivery.key for each in listed], now)
        _expect(changed, listed)
    return listed


def _retry(connection: Connection, numbers: Sequence[int], now: datetime) -> Retried:
    listed = _chosen(connection, numbers, lambda delivery: _not_retried(delivery, now))
    pauses = stored_pauses.load(connection, Paused.CHANNEL)
    channels = {each.delivery.message.channel for each in listed}
    resumed = tuple(pause for name, pause in pauses.items() if name in channels)
    # Whoever sends takes the channel's pause before its rows: in another order the two might wait for each other.
    for pause in resumed:
        stored_pauses.end(connection, Paused.CHANNEL, pause.name)
    _expect(listed_deliveries.try_again(connection, [each.delivery.key for each in listed], now), listed)
    return Retried(listed, resumed)


def _chosen(
    connection: Connection, numbers: Sequence[int], objection: Callable[[Delivery], str | None]
) -> tuple[ListedDelivery, ...]:
    """Each delivery once, in the order of the numbers. Raises `Usage` with every objection."""
    found = listed_deliveries.by_number(connection, numbers)
    chosen, problems = [], []
    for number in sorted(set(numbers)):
        listed = found.get(number)
        said = (
            objection(listed.delivery) if listed else "is not there: `pedigreed deliveries list` has the numbers"
        )
        if said:
            problems.append(f"delivery {number} {said}")
        elif listed:
            chosen.append(listed)
    if problems:
        raise Usage("nothing was changed\n" + "\n".join(f"  {problem}" for problem in problems))
    return tuple(chosen)


def _not_retried(delivery: Delivery, now: datetime) -> str | None:
    if delivery.state is DeliveryState.SENT:
        return f"was sent: `pedigreed deliveries show {delivery.key} --raw` prints the message"
    return _being_sent(delivery, now)


def _not_cancelled(delivery: Delivery, now: datetime) -> str | None:
    if delivery.finished_at is not None:
        return f"is {delivery.state.value} already: leave it out"
    return _being_sent(delivery, now)


def _being_sent(delivery: Delivery, now: datetime) -> str | None:
    lease = delivery.next_attempt_at
    if delivery.state is not DeliveryState.SENDING or lease is None or lease <= now:
        return None
    return f"is just being sent: see what became of it, at the latest at {iso(lease)}"


def _expect(changed: int, listed: Sequence[ListedDelivery]) -> None:
    if changed != len(listed):
        raise TryAgain("nothing was changed: another process took one of the deliveries up meanwhile")
