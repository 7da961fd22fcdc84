"""How long MAST is waited for, beside what holds for every server; and what is too much to ask of it at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tenacity.stop import stop_base

from pedigreed.model.failure import UpstreamRefused, UpstreamUnavailable
from pedigreed.net import patience as net

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenacity import RetryCallState, Retrying


@dataclass(frozen=True, slots=True)
class Patience(net.Patience):
    """Limits of one query: pages, polls and pauses together. All times are seconds.

    Attributes:
        first_poll, longest_poll: between polls of a query that the service is still executing.
    """

    exchange_timeout: float = 120.0
    total_timeout: float = 900.0
    attempts: int = 5
    longest_pause: float = 60.0
    largest_answer: int = 1 << 30
    first_poll: float = 1.0
    longest_poll: float = 15.0

    @property
    def configuration_timeout(self) -> float:
        """For the column configuration, which is a help and no need: a small part of the query's time."""
        return min(self.exchange_timeout, self.total_timeout / 10)

    def retrying_question(self, deadline: float, *, can_ask_less: bool) -> Retrying:
        """As `retrying`; where less can be asked, what was too much is tried only twice."""
        retrying = self.retrying(deadline)
        if not can_ask_less:
            return retrying
        return retrying.copy(stop=_OrTooMuchTwice(retrying.stop))


class TooMuch(UpstreamUnavailable):
    """What was asked for was too slow or too big: less of it may well be answered."""


class PassingTooMuch(net.Passing, TooMuch):
    """It took too long, and may not the next time."""


class TooManyValues(UpstreamRefused, TooMuch):
    """The question itself is too long: fewer programs may well be answered."""


class _OrTooMuchTwice(stop_base):
    """Ends the attempts as usual, or where it was too much twice."""

    def __init__(self, usual: Callable[[RetryCallState], bool]) -> None:
        self._usual = usual

    def __call__(self, retry_state: RetryCallState) -> bool:
        failure = retry_state.outcome.exception() if retry_state.outcome else None
        return self._usual(retry_state) or (isinstance(failure, TooMuch) and retry_state.attempt_number > 1)
