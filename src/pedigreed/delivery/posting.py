"""What the channels that post to a web address have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import timedelta
from typing import TYPE_CHECKING

from pedigreed import __version__
from pedigreed.delivery.line import one_line
from pedigreed.delivery.post import Answer, post
from pedigreed.model.delivery import Outcome, Refused, Retry, Scope
from pedigreed.model.failure import PedigreedError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping

    from pedigreed.delivery.pace import Pace
    from pedigreed.model.delivery import Message

USER_AGENT = f"pedigreed/{__version__}"
SECONDS = 60.0
"""For one message. Giving up too early may post it twice."""

_TOO_MANY = 429
_OVERLOADED = 503
_TOO_LARGE = 413
_NOT_NOW = frozenset({408, 425, _TOO_MANY})
_NOT_THIS_CHANNEL = frozenset({401, 403, 404, 410})
_LEAST_PAUSE = timedelta(seconds=1)


class PostingChannel(ABC):
    """Posts a message's bytes as they are. The address and whatever else is secret is told nowhere."""

    def __init__(
        self,
        address: Callable[[], str],
        *,
        pace: Pace,
        within: float = SECONDS,
        tls_context: ssl.SSLContext | None = None,
    ) -> None:
        """Describe the destination.

        Args:
            address: gives the web address; called for each message, so that it is kept nowhere else.
            pace: how fast messages may follow each other.
            within: seconds that one message may take.
            tls_context: whom to trust; None for the system's authorities.
        """
        self._address = address
        self._pace = pace
        self._within = within
        self._tls_context = tls_context

    async def send(self, message: Message) -> Outcome:
        if quiet := await self._pace.turn():
            return Retry("the destination asked for a pause", after=quiet, scope=Scope.CHANNEL_BUSY)
        try:
            address = self._address()
            headers = {"Content-Type": "application/json", "User-Agent": USER_AGENT, **self._headers(message)}
        except PedigreedError as error:
            return Retry(one_line(str(error)), scope=Scope.CHANNEL_BROKEN)
        answer = await post(address, message.content, headers, within=self._within, tls_context=self._tls_context)
        outcome = self._outcome(answer) if isinstance(answer, Answer) else answer
        if isinstance(outcome, Retry) and outcome.after:
            self._pace.keep_quiet(outcome.after)
        return outcome

    async def close(self) -> None:  # noqa: B027  # nothing is there to be let go of
        """Nothing is held between messages."""

    @abstractmethod
    def _headers(self, message: Message) -> Mapping[str, str]:
        """What this kind of destination is told beside the message. Raises `PedigreedError`."""

    @abstractmethod
    def _outcome(self, answer: Answer) -> Outcome:
        """What an answer of this kind of destination means."""


def not_taken(answer: Answer, reason: str) -> Retry | Refused:
    """What an answer other than 2xx means by its status alone."""
    if answer.status in _NOT_THIS_CHANNEL:
        return Retry(reason, scope=Scope.CHANNEL_BROKEN)
    match answer.status // 100:
        case 3:
            return Retry(f"{reason}: a redirect, which is not followed", scope=Scope.CHANNEL_BROKEN)
        case 4 if answer.status not in _NOT_NOW:
            return Refused(reason, of_form=answer.status == _TOO_LARGE)
        case _:
            least = _LEAST_PAUSE if answer.status == _TOO_MANY else timedelta(0)
            is_busy = answer.status in {_TOO_MANY, _OVERLOADED}
            scope = Scope.CHANNEL_BUSY if is_busy else Scope.MESSAGE
            return Retry(reason, after=max(answer.pause, least), scope=scope)
