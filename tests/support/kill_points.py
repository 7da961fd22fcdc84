"""Where the program can be killed, found from outside: it knows nothing of it.

What a transaction is for is told by the functions of the store that it calls.
"""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pedigreed.delivery.posting import PostingChannel
from pedigreed.delivery.smtp import SmtpChannel
from pedigreed.model.delivery import Sent
from pedigreed.store import deliveries
from pedigreed.store.database import Store

if TYPE_CHECKING:
    from collections.abc import Iterator


class Point(StrEnum):
    """A boundary in the life of a message."""

    BEFORE_CLOSING = "before the commit that closes a period"
    AFTER_CLOSING = "after the commit that closes a period"
    AFTER_CLAIM = "after the commit that takes messages"
    AFTER_ANSWER = "after a destination took a message"
    BEFORE_SETTLING = "before the commit that keeps what came of messages"
    AFTER_SETTLING = "after the commit that keeps what came of messages"


_BEFORE_COMMIT = {"enqueue": Point.BEFORE_CLOSING, "settle": Point.BEFORE_SETTLING}
_AFTER_COMMIT = {
    "enqueue": Point.AFTER_CLOSING,
    "claim": Point.AFTER_CLAIM,
    "settle": Point.AFTER_SETTLING,
}


class _Trap:
    """Kills this process when it comes to a point for the n-th time."""

    def __init__(self, point: Point, number: int) -> None:
        self._point = point
        self._left = number
        self._lock = threading.Lock()

    def at(self, point: Point | None) -> None:
        if point is self._point:
            with self._lock:
                self._left -= 1
                if self._left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)


class _Transaction(threading.local):
    """What the transaction of a thread did."""

    work: frozenset[str] = frozenset()


def arm(point: Point, number: int) -> None:
    """Let this process be killed when it comes to a point for the n-th time."""
    trap, transaction = _Trap(point, number), _Transaction()
    for name in ("enqueue", "claim", "settle"):
        setattr(deliveries, name, _noted(getattr(deliveries, name), name, transaction))
    for owner, name, wrapper in (
        (Store, "writing", _watched(Store.writing, trap, transaction)),
        (SmtpChannel, "send", _answered(SmtpChannel.send, trap)),
        (PostingChannel, "send", _answered(PostingChannel.send, trap)),
    ):
        setattr(owner, name, wrapper)


def _noted(was: Any, name: str, transaction: _Transaction) -> Any:  # noqa: ANN401  # a function of the store
    def call(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401  # as above
        done = was(*arguments, **options)
        # Words to the operator are enqueued without a digest, and nothing may be there to be taken.
        if (name == "enqueue" and arguments[1] is not None) or (name != "enqueue" and done):
            transaction.work |= {name}
        return done

    return call


def _watched(was: Any, trap: _Trap, transaction: _Transaction) -> Any:  # noqa: ANN401  # Store.writing
    @contextmanager
    def writing(store: Store) -> Iterator[Any]:
        transaction.work = frozenset()
        with was(store) as connection:
            yield connection
            for work in transaction.work:
                trap.at(_BEFORE_COMMIT.get(work))
        for work in transaction.work:
            trap.at(_AFTER_COMMIT.get(work))

    return writing


def _answered(was: Any, trap: _Trap) -> Any:  # noqa: ANN401  # a channel's send
    async def send(channel: Any, message: Any) -> Any:  # noqa: ANN401  # as above
        outcome = await was(channel, message)
        if isinstance(outcome, Sent):
            trap.at(Point.AFTER_ANSWER)
        return outcome

    return send
