"""What one message costs the outbox, with little and with much in it. The channel costs nothing here."""

from __future__ import annotations

import logging
import sys
import time
from functools import partial
from pathlib import Path

from sqlalchemy import text

from benchmarks.figures import Backlog
from benchmarks.many_messages import NOW
from benchmarks.measuring import alternated, hand_back, without_log_lines
from pedigreed.model.delivery import Message, Outcome, Retry, Scope, Sent
from pedigreed.service.outbox import deliver
from pedigreed.store import deliveries as stored_deliveries
from pedigreed.store.database import Store

FEW, MANY = 1_000, 100_000
ROUNDS = 7


class Counter:
    """Takes so many messages, and then nothing more."""

    def __init__(self) -> None:
        self.taken = 0

    async def send(self, message: Message) -> Outcome:
        del message
        if self.taken == FEW:
            return Retry("enough", scope=Scope.CHANNEL_BROKEN)
        self.taken += 1
        return Sent()

    async def close(self) -> None:
        """Nothing is open."""


def messages(count: int) -> list[Message]:
    return [
        Message(f"{number}@x.example", "keep", f"{number}@x.example", "", "news", b"." * 1000)
        for number in range(count)
    ]


def filled(file: Path, waiting: int, sent: int = 0) -> Store:
    """A store with rows that wait, the newest, and rows that were sent before."""
    store = Store(f"sqlite:///{file}")
    with store.writing() as connection:
        stored_deliveries.enqueue(connection, None, messages(sent + waiting), NOW)
        connection.execute(
            text(
                "UPDATE deliveries SET state = 'sent', finished_at = 0, next_attempt_at = NULL WHERE id <= :sent"
            ),
            {"sent": sent},
        )
    return store


def run(store: Store) -> float:
    """Seconds for one message of those that are sent."""
    with store.writing() as connection:
        connection.execute(text("DELETE FROM pauses"))
        connection.execute(
            text(
                "UPDATE deliveries SET state = 'waiting', finished_at = NULL, next_attempt_at = created_at "
                "WHERE finished_at > 0"
            )
        )
    counter = Counter()
    started = time.perf_counter()
    deliver(store, {"keep": counter}, NOW)
    taken = time.perf_counter() - started
    assert counter.taken == FEW
    return taken / FEW


def main() -> None:
    without_log_lines(logging.ERROR)  # the channel ends each round by a pause
    folder = Path(sys.argv[1])
    stores = {
        "few": filled(folder / "few.db", FEW),
        "many": filled(folder / "many.db", MANY),
        "after_many": filled(folder / "after-many.db", FEW, sent=MANY),
    }
    timings = alternated({name: partial(run, store) for name, store in stores.items()}, ROUNDS)
    hand_back(Backlog(FEW, MANY, timings["few"], timings["many"], timings["after_many"]))


if __name__ == "__main__":
    main()
