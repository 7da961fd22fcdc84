"""What the channels that post to a web address have in common: one POST a message, at a pace."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pedigreed import __version__
from pedigreed.config.address import parse_secret_url
from pedigreed.model.delivery import Outcome, Refused, Retry, Scope, Unsure
from pedigreed.model.failure import PedigreedError
from pedigreed.model.printable import short_line
from pedigreed.net.exchange import Answer, Limits, NoAnswer, Request, exchange
from pedigreed.net.patience import NO_PAUSE, retry_after
from pedigreed.redaction import redact, shown_address

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable, Mapping

    from pedigreed.model.delivery import Message

USER_AGENT = f"pedigreed/{__version__}"
SECONDS = 60.0
"""For one message. Giving up too early may post it twice."""

_LONGEST_ANSWER = 2048
"""Bytes of an answer: all that matters stands at its beginning."""

_LONGEST_WORDS = 200
_TOO_MANY = 429
_OVERLOADED = 503
_TOO_LARGE = 413
_NOT_NOW = frozenset({408, 425, _TOO_MANY})
_NOT_THIS_CHANNEL = frozenset({401, 403, 404, 410})
_LEAST_PAUSE = timedelta(seconds=1)


class Pace:
    """At most one message in each interval, and none while the destination wants quiet.

    It survives the event loop that it was first used in. Time is monotonic, so a clock that is set does nothing.
    """

    def __init__(
        self,
        interval: timedelta,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """Begin with nothing sent.

        Args:
            interval: from one message to the next.
            clock: seconds that only grow.
            sleep: waits for so many seconds.
        """
        self._interval = interval.total_seconds()
        self._clock = clock
        self._sleep = sleep
        self._next = clock()
        self._quiet_until = clock()

    async def turn(self) -> timedelta:
        """Wait for the next message's turn. Gives how long the destination still wants quiet; zero to go ahead.

        A destination that wants quiet is not waited for: that may be long, and other messages go elsewhere.
        """
        if not (quiet := self._quiet()):
            # A turn is taken before it is waited for: who asks meanwhile gets the one after it.
            mine = max(self._clock(), self._next)
            self._next = mine + self._interval
            if (pause := mine - self._clock()) > 0:
                await self._sleep(pause)
            quiet = self._quiet()
        return quiet

    def keep_quiet(self, pause: timedelta) -> None:
        """Let no message go for so long."""
        self._quiet_until = max(self._quiet_until, self._clock() + pause.total_seconds())

    def _quiet(self) -> timedelta:
        return timedelta(seconds=max(0.0, self._quiet_until - self._clock()))


@dataclass(frozen=True, slots=True)
class Posted:
    """What a server answered to a message.

    Attributes:
        status: the HTTP status.
        pause: the pause that it asks for (Retry-After), at most a day; zero if it asks for none.
        text: the beginning of its body, on one line and without the address; empty if the body broke off.
        is_cut: whether the body broke off.
    """

    status: int
    pause: timedelta
    text: str
    is_cut: bool = False

    @property
    def in_words(self) -> str:
        """``429 rate_limited``."""
        return f"{self.status} {short_line(self.text, _LONGEST_WORDS)}".rstrip()


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
            address = parse_secret_url(self._address())
            headers = {"Content-Type": "application/json", "User-Agent": USER_AGENT, **self._headers(message)}
        except ValueError as error:
            return Retry(f"the webhook's address: {error}", scope=Scope.CHANNEL_BROKEN)
        except PedigreedError as error:
            return Retry(short_line(str(error)), scope=Scope.CHANNEL_BROKEN)
        came = await exchange(
            Request("POST", address, headers, message.content),
            Limits(self._within, _LONGEST_ANSWER),
            self._tls_context,
        )
        outcome = _not_posted(came, address) if isinstance(came, NoAnswer) else self._outcome(_read(came, address))
        if isinstance(outcome, Retry) and outcome.after:
            self._pace.keep_quiet(outcome.after)
        return outcome

    async def close(self) -> None:  # noqa: B027  # nothing is there to be let go of
        """Nothing is held between messages."""

    @abstractmethod
    def _headers(self, message: Message) -> Mapping[str, str]:
        """What this kind of destination is told beside the message. Raises `PedigreedError`."""

    @abstractmethod
    def _outcome(self, answer: Posted) -> Outcome:
        """What an answer of this kind of destination means."""


def _read(came: Answer, address: str) -> Posted:
    """An answer that came. One that is longer than what is read of it is no shorter for that."""
    is_cut = came.trouble is not None and len(came.body) < _LONGEST_ANSWER
    text = "" if is_cut else came.body[:_LONGEST_ANSWER].decode("utf-8", "replace")
    pause = retry_after(came.headers, datetime.now(UTC))
    return Posted(came.status, pause, short_line(redact(text, address), _LONGEST_ANSWER), is_cut)


def _not_posted(came: NoAnswer, address: str) -> Retry | Unsure:
    """No answer: a request that was not written to its end is never acted on, so it can be tried again."""
    reason = f"{shown_address(address)}: {came.trouble.words}"
    if came.is_written:
        return Unsure(f"{reason}; the message may have arrived")
    if not came.trouble.what.may_pass:
        return Retry(reason, scope=Scope.CHANNEL_BROKEN)
    # Without a connection no message can go.
    return Retry(reason, scope=Scope.MESSAGE if came.is_begun else Scope.CHANNEL_BUSY)


def not_taken(answer: Posted, reason: str) -> Retry | Refused:
    """What an answer other than 2xx means by its status alone."""
    if answer.status in _NOT_THIS_CHANNEL:
        return Retry(reason, scope=Scope.CHANNEL_BROKEN)
    match answer.status // 100:
        case 3:
            return Retry(f"{reason}: a redirect, which is not followed", scope=Scope.CHANNEL_BROKEN)
        case 4 if answer.status not in _NOT_NOW:
            return Refused(reason, of_form=answer.status == _TOO_LARGE)
        case _:
            least = _LEAST_PAUSE if answer.status == _TOO_MANY else NO_PAUSE
            is_busy = answer.status in {_TOO_MANY, _OVERLOADED}
            scope = Scope.CHANNEL_BUSY if is_busy else Scope.MESSAGE
            return Retry(reason, after=max(answer.pause, least), scope=scope)
