"""What one cycle did, in one line; and what links it with the lines of the cycle."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pedigreed.service.cycle import Cycle

_log = structlog.get_logger()


@contextmanager
def one_cycle() -> Iterator[Callable[[Cycle], None]]:
    """Give every line that is logged within the same `cycle`, in tasks and threads begun there too.

    Gives a function that is told what the cycle did, once.
    """
    began = time.monotonic()

    def tell(cycle: Cycle) -> None:
        states = {delivery.key: delivery.state.value for delivery in cycle.deliveries}
        told = [closed for closed in cycle.closed if closed.rendered is not None]
        _log.info(
            "cycle",
            seconds=_since(began),
            complete=cycle.is_complete,
            answers=len(cycle.answers),
            requests=sum(answer.fetched.requests for answer in cycle.answers),
            rows=sum(answer.fetched.rows for answer in cycle.answers),
            changes=sum(answer.changes for answer in cycle.answers),
            digests=len(told),
            quiet=len(cycle.closed) - len(told),
            stalled=len(cycle.stalled),
            deliveries=dict(Counter(states.values())),
            problems=len(cycle.news.known),
        )

    with structlog.contextvars.bound_contextvars(cycle=secrets.token_hex(4)):
        try:
            yield tell
        except Exception as error:
            # What was wrong, the caller tells.
            _log.info("cycle broken off", seconds=_since(began), reason=type(error).__name__)
            raise


def _since(began: float) -> float:
    return round(time.monotonic() - began, 3)
