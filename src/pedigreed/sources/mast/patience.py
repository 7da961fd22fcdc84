"""How long to wait for the archive, and how often to ask again."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, stop_any
from tenacity.stop import stop_base
from tenacity.wait import wait_base, wait_exponential_jitter

from pedigreed.model.failure import UpstreamRefused, UpstreamUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Patience:
    """Limits of one query. All times are seconds.

    Attributes:
        request_timeout: for one HTTP exchange, from connecting to the last byte.
        query_timeout: for the whole query: pages, polls and pauses together.
        attempts: how often one exchange is tried.
        first_pause, longest_pause: between attempts; they grow by doubling, with as much jitter as `first_pause`.
        first_poll, longest_poll: between polls of a query that the service is still executing.
        largest_reply: bytes after decompression.
    """

    request_timeout: float = 120.0
    query_timeout: float = 900.0
    attempts: int = 5
    first_pause: float = 2.0
    longest_pause: float = 60.0
    first_poll: float = 1.0
    longest_poll: float = 15.0
    largest_reply: int = 1 << 30

    @property
    def configuration_timeout(self) -> float:
        """For the column configuration, which is a help and no need: a small part of the query's time."""
        return min(self.request_timeout, self.query_timeout / 10)

    def deadline(self) -> Deadline:
        """The moment at which a query that starts now has taken too long."""
        return Deadline(time.monotonic() + self.query_timeout, self.query_timeout)

    def retrying(self, deadline: Deadline, *, can_ask_less: bool = False) -> Retrying:
        """Tries again what passes, until the attempts or the time run out; then the last failure is raised.

        Where less can be asked, what was too much is tried only twice.
        """
        return Retrying(
            retry=retry_if_exception_type(Passing),
            stop=stop_any(
                stop_after_attempt(self.attempts),
                _TimeIsUp(deadline),
                *([_TooMuchTwice()] if can_ask_less else []),
            ),
            wait=_PauseAsTold(
                wait_exponential_jitter(
                    multiplier=self.first_pause, max=self.longest_pause, jitter=self.first_pause
                )
            ),
            sleep=deadline.sleep,
            reraise=True,
        )


class Passing(UpstreamUnavailable):
    """A failure that may be over soon. `pause` is what the service asked for (seconds)."""

    def __init__(self, reason: str, pause: float | None = None) -> None:
        super().__init__(reason)
        self.pause = pause


class TooMuch(UpstreamUnavailable):
    """What was asked for was too slow or too big: less of it may well be answered."""


class PassingTooMuch(Passing, TooMuch):
    """It took too long, and may not the next time."""


class TooManyValues(UpstreamRefused, TooMuch):
    """The question itself is too long: fewer programs may well be answered."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """When a query has taken too long, on the monotonic clock (seconds)."""

    at: float
    allowed: float
    clock: Callable[[], float] = time.monotonic

    def left(self) -> float:
        """Seconds left. Raises `UpstreamUnavailable` when there are none."""
        left = self.at - self.clock()
        if left <= 0:
            raise self.is_over()
        return left

    def is_over(self) -> UpstreamUnavailable:
        """The failure that says so."""
        return UpstreamUnavailable(f"MAST did not complete the query within {self.allowed:g} s")

    def sleep(self, seconds: float) -> None:
        """Pause. Raises `UpstreamUnavailable` at once where the time would run out meanwhile."""
        if seconds >= self.left():
            raise self.is_over()
        time.sleep(seconds)


class _TimeIsUp(stop_base):
    """Ends the attempts where the time would run out before the next, so that the last failure is what is told."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline

    def __call__(self, retry_state: RetryCallState) -> bool:
        return self._deadline.at - self._deadline.clock() <= retry_state.upcoming_sleep


class _TooMuchTwice(stop_base):
    """Ends the attempts where it was too much twice."""

    def __call__(self, retry_state: RetryCallState) -> bool:
        failure = retry_state.outcome.exception() if retry_state.outcome else None
        return isinstance(failure, TooMuch) and retry_state.attempt_number > 1


class _PauseAsTold(wait_base):
    """The usual pause, or what the service asked for where that is longer."""

    def __init__(self, usual: wait_base) -> None:
        self._usual = usual

    def __call__(self, retry_state: RetryCallState) -> float:
        failure = retry_state.outcome.exception() if retry_state.outcome else None
        told = failure.pause if isinstance(failure, Passing) else None
        return max(self._usual(retry_state), told or 0.0)
