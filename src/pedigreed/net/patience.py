"""How long a server is waited for, and when it is asked again: by our rules, or its own ``Retry-After``."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from tenacity import AsyncRetrying, RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, stop_any
from tenacity.stop import stop_base
from tenacity.wait import wait_base, wait_exponential_jitter

from pedigreed.model.failure import UpstreamUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


_NOT_NOW = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})

LONGEST_PAUSE = timedelta(days=1)
"""Whoever asks for more gets no more."""

NO_PAUSE = timedelta(0)


class Passing(UpstreamUnavailable):
    """A failure that may be over soon. `pause` is what the server asked for."""

    def __init__(self, reason: str, pause: timedelta = NO_PAUSE) -> None:
        super().__init__(reason)
        self.pause = pause


class Unreached(Passing):
    """Nobody was there to be asked: its name does not resolve, or nobody listens."""


def may_pass(status: int) -> bool:
    """Whether the same request may be answered otherwise a moment later, by the HTTP status."""
    return status in _NOT_NOW or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def unwanted(status: int, headers: Mapping[str, str], now: datetime) -> UpstreamUnavailable:
    """The failure that an answer means which has a status of no use.

    Args:
        status: any but those that were hoped for.
        headers: the answer's, whose names are found in any case.
        now: with its zone.
    """
    if may_pass(status):
        pause = retry_after(headers, now)
        asked = f", and asked for a pause of {pause.total_seconds():.0f} s" if pause else ""
        return Passing(f"answered HTTP {status}{asked}", pause)
    is_redirect = HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST
    return UpstreamUnavailable(
        f"answered HTTP {status}{', a redirect, which is not followed' if is_redirect else ''}"
    )


@dataclass(frozen=True, slots=True)
class Patience:
    """Limits of one reading of a source. All times are seconds.

    Attributes:
        exchange_timeout: for one HTTP exchange, from connecting to the last byte.
        total_timeout: for all exchanges and pauses together.
        attempts: how often one exchange is tried.
        attempts_unreached: the same where nobody is there to be asked; None for as often.
        tell: is told of each pause, and why there is one, before it.
        first_pause, longest_pause: between attempts; they grow by doubling, with as much jitter as `first_pause`.
        largest_answer: bytes of one answer, also after decompression.
        redirects: how many are followed.
        sleep: pauses for so many seconds.
    """

    exchange_timeout: float = 60.0
    total_timeout: float = 600.0
    attempts: int = 3
    attempts_unreached: int | None = None
    tell: Callable[[str], None] | None = None
    first_pause: float = 2.0
    longest_pause: float = 30.0
    largest_answer: int = 64_000_000
    redirects: int = 0
    sleep: Callable[[float], None] = time.sleep

    def deadline(self) -> float:
        """When a reading that begins now has taken too long, on the monotonic clock."""
        return time.monotonic() + self.total_timeout

    def retrying(self, deadline: float) -> Retrying:
        """Tries again what is `Passing`, until the attempts or the time run out; then the last failure is raised.

        Args:
            deadline: when the time runs out, on the monotonic clock.
        """
        return Retrying(
            retry=retry_if_exception_type(Passing),
            stop=self._stop(deadline),
            wait=self._wait(),
            sleep=self.sleep,
            before_sleep=self._tell_of,
            reraise=True,
        )

    def retrying_coroutine(self, deadline: float) -> AsyncRetrying:
        """As `retrying`, for coroutines: others go on during its pauses."""
        return AsyncRetrying(
            retry=retry_if_exception_type(Passing),
            stop=self._stop(deadline),
            wait=self._wait(),
            before_sleep=self._tell_of,
            reraise=True,
        )

    def _stop(self, deadline: float) -> stop_base:
        unreached = self.attempts if self.attempts_unreached is None else self.attempts_unreached
        return stop_any(stop_after_attempt(self.attempts), _NobodyThere(unreached), _TimeIsUp(deadline))

    def _tell_of(self, state: RetryCallState) -> None:
        if self.tell is not None:
            self.tell(f"{_failure_of(state)}; trying again in {state.upcoming_sleep:.0f} s")

    def _wait(self) -> wait_base:
        usual = wait_exponential_jitter(
            multiplier=self.first_pause, max=self.longest_pause, jitter=self.first_pause
        )
        return _PauseAsAsked(usual)


def _failure_of(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


class _NobodyThere(stop_base):
    """Ends the attempts after so many where nobody was there to be asked."""

    def __init__(self, attempts: int) -> None:
        self._attempts = attempts

    def __call__(self, retry_state: RetryCallState) -> bool:
        return retry_state.attempt_number >= self._attempts and isinstance(_failure_of(retry_state), Unreached)


class _TimeIsUp(stop_base):
    """Ends the attempts where the time would run out before the next one: then the last failure is raised."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline

    def __call__(self, retry_state: RetryCallState) -> bool:
        return self._deadline - time.monotonic() <= retry_state.upcoming_sleep


class _PauseAsAsked(wait_base):
    """The usual pause, or what the server asked for where that is longer."""

    def __init__(self, usual: wait_base) -> None:
        self._usual = usual

    def __call__(self, retry_state: RetryCallState) -> float:
        failure = _failure_of(retry_state)
        asked = failure.pause if isinstance(failure, Passing) else NO_PAUSE
        return max(self._usual(retry_state), asked.total_seconds())


_SECONDS = re.compile(r"[0-9]+(?:\.[0-9]*)?", re.ASCII)


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta:
    """How long to wait: zero where nothing is asked for, or nothing that can be read.

    The standard has whole seconds or a date; a fraction is read all the same. A date is held against the answer's
    own ``Date``, since the server's clock may be wrong, and against ours where it has none.

    Args:
        headers: the answer's, whose names are found in any case.
        now: with its zone.
    """
    asked = headers.get("Retry-After", "").strip()
    if _SECONDS.fullmatch(asked):
        return timedelta(seconds=min(float(asked), LONGEST_PAUSE.total_seconds()))
    until = _http_date(asked)
    if until is None:
        return NO_PAUSE
    return max(NO_PAUSE, min(until - (_http_date(headers.get("Date", "")) or now), LONGEST_PAUSE))


def _http_date(written: str) -> datetime | None:
    """An HTTP date in any of its three forms, which are all in GMT; None for what is none."""
    try:
        date = parsedate_to_datetime(written)
    except (ValueError, TypeError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
