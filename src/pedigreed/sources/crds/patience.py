"""How long to wait for CRDS, how often to ask again, and how much to take in."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, stop_any
from tenacity.stop import stop_base
from tenacity.wait import wait_base, wait_exponential_jitter

from pedigreed.model.failure import UpstreamUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable


class Passing(UpstreamUnavailable):
    """A failure that may be over soon: nobody answered, or what came is no answer.

    `pause` is what the server asked for (seconds).
    """

    def __init__(self, reason: str, pause: float = 0.0) -> None:
        super().__init__(reason)
        self.pause = pause


@dataclass(frozen=True, slots=True)
class Patience:
    """Limits of one reading. All times are seconds.

    Attributes:
        call_timeout: for one HTTP exchange, from connecting to the last byte.
        reading_timeout: for all calls and pauses of one reading together.
        attempts: how often one call is tried.
        first_pause, longest_pause: between attempts; they grow by doubling, with as much jitter as `first_pause`.
        largest_reply: bytes of one reply, and also of what it expands to where it is compressed.
        sleep: what pauses for so many seconds.
    """

    call_timeout: float = 60.0
    reading_timeout: float = 600.0
    attempts: int = 3
    first_pause: float = 2.0
    longest_pause: float = 30.0
    largest_reply: int = 64_000_000
    sleep: Callable[[float], None] = time.sleep

    def retrying(self, ends: float) -> Retrying:
        """Tries again what passes, until the attempts or the time run out; then the last failure is raised.

        Args:
            ends: when the time runs out, on the monotonic clock.
        """
        return Retrying(
            retry=retry_if_exception_type(Passing),
            stop=stop_any(stop_after_attempt(self.attempts), _TimeIsUp(ends)),
            wait=_PauseAsTold(
                wait_exponential_jitter(
                    multiplier=self.first_pause, max=self.longest_pause, jitter=self.first_pause
                )
            ),
            sleep=self.sleep,
            reraise=True,
        )


class _TimeIsUp(stop_base):
    """Ends the attempts where the time would run out before the next."""

    def __init__(self, ends: float) -> None:
        self._ends = ends

    def __call__(self, retry_state: RetryCallState) -> bool:
        return self._ends - time.monotonic() <= retry_state.upcoming_sleep


class _PauseAsTold(wait_base):
    """The usual pause, or what the server asked for where that is longer."""

    def __init__(self, usual: wait_base) -> None:
        self._usual = usual

    def __call__(self, retry_state: RetryCallState) -> float:
        failure = retry_state.outcome.exception() if retry_state.outcome else None
        told = failure.pause if isinstance(failure, Passing) else 0.0
        return max(self._usual(retry_state), told)
