"""HTTP exchanges with MAST within the limits of a query, on the session of `requests` that astroquery holds.

What `requests` does without is added here: a limit on the whole time and on the bytes of an answer, bounded
inflating, the rule on redirects, and a look at where each connection leads: it looks a name up itself, when it
connects. Importing this module imports `requests`.
"""

from __future__ import annotations

import contextlib
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from tenacity.stop import stop_base
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from pedigreed.model.failure import Unreadable, UpstreamRefused, UpstreamUnavailable
from pedigreed.net.breakage import Breakage, what_broke
from pedigreed.net.inflating import Inflating, are_too_small
from pedigreed.net.patience import Passing, Patience, Unreached, unwanted
from pedigreed.net.redirects import NotFollowed, Redirects
from pedigreed.sources.mast.envelope import read_reply
from pedigreed.sources.plain_text import plain_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tenacity import RetryCallState, Retrying

_CHUNK = 1 << 18
_COLUMN = re.compile(r"\bcolumns?\b", re.IGNORECASE)
_TIMER_SLACK = 0.02
"""Seconds that a time limit of the network may end early."""

_GATEWAY_GAVE_UP = frozenset((HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT))
_REFUSALS_OF_A_QUESTION = frozenset((400, 422))
"""A client error that is about the request itself: another one may well be served."""

_TOO_LONG_A_QUESTION = frozenset((413, 414, 431))
_MAY_NAME_A_COLUMN = frozenset((400, 500))
_KEEP_QUESTION = frozenset((307, 308))
"""Redirects by which the same is asked at the new address. By the others it is fetched without a question."""

_MOST_REDIRECTS = 5
_LONGEST_EXPLANATION = 1 << 16
_MOST_DIGITS = 15
_LONGEST_MESSAGE = 500


@dataclass(frozen=True, slots=True)
class QueryLimits(Patience):
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


class PassingTooMuch(Passing, TooMuch):
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


class MastSession:
    """Exchanges on one session, one after the other.

    Attributes:
        exchanges: how many were made.
        headers: of the last answer.
    """

    def __init__(self, session: requests.Session) -> None:
        self._session = session
        self._redirects = Redirects()
        session.hooks["response"].append(_stop_at_redirect)
        for scheme in ("http://", "https://"):
            session.mount(scheme, _LookingAdapter(self._redirects.look_at))
        self.exchanges = 0
        self.headers: Mapping[str, str] = {}

    def body(
        self,
        method: str,
        url: str,
        *,
        params: Any,  # noqa: ANN401  # as requests.Session.request
        data: str | None,
        headers: Mapping[str, str],
        seconds: float,
        largest: int,
        when_over: str = "",
    ) -> bytes:
        """The body of what is answered, in how many exchanges it takes, at most `largest` bytes of it.

        A redirect is followed by the rule of `net.redirects`, and the token goes to no other host.

        Args:
            method: of HTTP.
            url: who is asked.
            params: what is added to the address.
            data: what is sent.
            headers: beside those of the session.
            seconds: for all of it.
            largest: bytes of the answer.
            when_over: what is said where the time ends; empty to say what broke.

        Raises:
            Passing: it may be over soon.
            UpstreamUnavailable: it may not.
        """
        ends = time.monotonic() + seconds
        target, sent = url, dict[str, str | None](headers)
        self._redirects.begin(urlsplit(url).hostname or "")
        try:
            for _ in range(_MOST_REDIRECTS + 1):
                self.exchanges += 1
                within = max(ends - time.monotonic(), _TIMER_SLACK)
                try:
                    with self._session.request(
                        method, target, params=params, data=data, headers=sent, timeout=within, stream=True
                    ) as response:
                        self.headers = response.headers
                        _check_http_status(response, ends)
                        return _body(response, largest, ends)
                except _Redirected as redirected:
                    target = str(self._redirects.follow(target, redirected.location))
                    if self._session.should_strip_auth(url, target):  # type: ignore[no-untyped-call]  # it has none
                        sent["Authorization"] = None
                    if not redirected.keeps_question:
                        method, params, data = "GET", None, None
            raise UpstreamUnavailable(f"MAST can't be asked: it redirects more than {_MOST_REDIRECTS} times")
        except (requests.ConnectionError, requests.Timeout, urllib3.exceptions.HTTPError) as error:
            if when_over and time.monotonic() >= ends - _TIMER_SLACK:
                raise TooMuch(when_over) from error
            slow = isinstance(error, (requests.ReadTimeout, urllib3.exceptions.ReadTimeoutError))
            broke = what_broke(error)
            failure = PassingTooMuch if slow else Unreached if broke.what.reaches_nobody else Passing
            raise failure(f"MAST did not answer: {broke.words}") from error
        except requests.RequestException as error:
            raise UpstreamUnavailable(f"MAST can't be asked: {type(error).__name__}") from error
        except Unreadable as error:
            raise Passing(f"MAST did not answer: {error}") from error
        except (NotFollowed, ValueError) as error:
            # The libraries raise their own errors for most addresses that are none, and not for all.
            reason = str(error) if isinstance(error, NotFollowed) else Breakage.REDIRECT.value
            raise UpstreamUnavailable(f"MAST can't be asked: {reason}") from error


class _LookingAdapter(HTTPAdapter):
    """Shows where each connection leads that is made, before it is used. Those to a proxy are not shown."""

    def __init__(self, look_at: Callable[[str], None]) -> None:
        self._look_at = look_at
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401  # as the library has it
        """As the library does it, with connections that are looked at."""
        super().init_poolmanager(*arguments, **options)
        look_at = self._look_at

        class Plain(HTTPConnection):
            def connect(self) -> None:
                super().connect()
                look_at(self.sock.getpeername()[0])

        class Encrypted(HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                look_at(self.sock.getpeername()[0])

        self.poolmanager.pool_classes_by_scheme = {
            "http": type("Pool", (HTTPConnectionPool,), {"ConnectionCls": Plain}),
            "https": type("EncryptedPool", (HTTPSConnectionPool,), {"ConnectionCls": Encrypted}),
        }


class _Redirected(Exception):
    """The answer is a redirect."""

    def __init__(self, status: int, location: str) -> None:
        super().__init__(status)
        self.location = location
        self.keeps_question = status in _KEEP_QUESTION


def _stop_at_redirect(response: requests.Response, *_: object, **__: object) -> None:
    """Go no further by the rules of `requests`: it reads the whole body of a redirect, and follows to anywhere."""
    if response.is_redirect:
        response.close()
        raise _Redirected(response.status_code, response.headers["Location"])


def _check_http_status(response: requests.Response, ends: float) -> None:
    status = response.status_code
    if status in _MAY_NAME_A_COLUMN:
        explanation = _explanation(response, ends)
        if _COLUMN.search(explanation):
            raise UpstreamRefused(f"MAST answered HTTP {status}: {explanation}")
    if status < HTTPStatus.BAD_REQUEST:
        return
    failure = unwanted(status, response.headers, datetime.now(UTC))
    words = f"MAST {failure}"
    if isinstance(failure, Passing):
        raise (PassingTooMuch if status in _GATEWAY_GAVE_UP else Passing)(words, failure.pause)
    if status in _TOO_LONG_A_QUESTION:
        raise TooManyValues(words)
    raise (UpstreamRefused if status in _REFUSALS_OF_A_QUESTION else UpstreamUnavailable)(words)


def _explanation(response: requests.Response, ends: float) -> str:
    """What a refusal says of its reason, on one line; empty for a page of HTML."""
    body = _read(response, _LONGEST_EXPLANATION, ends).body
    with contextlib.suppress(UpstreamUnavailable):
        body = read_reply(body).message.encode()
    text = plain_line(body.decode(errors="replace"), _LONGEST_MESSAGE)
    return "" if text.startswith("<") else text


def _body(response: requests.Response, largest: int, ends: float) -> bytes:
    """The whole body, decompressed. Raises `TooMuch` where it is longer than `largest` bytes, else as `_read`."""
    body = _read(response, largest, ends)
    if body.is_too_long:
        raise TooMuch(f"MAST sent more than {largest:,} bytes")
    if not body.is_whole:
        raise Passing("MAST's reply broke off within what is compressed")
    return body.body


def _read(response: requests.Response, largest: int, ends: float) -> Inflating:
    """The body, up to a little more than `largest` bytes of it, within the exchange's time.

    `requests` limits only the wait for each piece, and collects pieces: a slow drip would go on for ever. It also
    decompresses a piece whole, and a few bytes may expand to very many.
    """
    body = Inflating(response.headers.get("Content-Encoding", ""), largest)
    length, is_odd = _length(response)
    pieces = received = 0
    while not body.is_too_long and (piece := response.raw.read1(_CHUNK, decode_content=False)):
        pieces += 1
        received += len(piece)
        if received > largest + _CHUNK:
            raise TooMuch(f"MAST sent more than {largest:,} bytes")
        if are_too_small(pieces, received):
            raise UpstreamUnavailable("MAST's reply comes in too many small pieces")
        body.take(piece)
        if time.monotonic() > ends:
            raise requests.ReadTimeout("the reply timed out")
        if is_odd and length is not None and received >= length:
            # The library does not know where it ends, and would wait for the connection's end.
            break
    if not body.is_too_long and length is not None and received < length:
        raise Passing(f"MAST's reply broke off after {received:,} of {length:,} bytes")
    return body


def _length(response: requests.Response) -> tuple[int | None, bool]:
    """How many bytes are announced; and whether in another form than one number (RFC 9110, 8.6)."""
    written = response.headers.get("Content-Length", "")
    lengths = {each.strip() for each in written.split(",")}
    (length,) = lengths if len(lengths) == 1 else ("",)
    is_number = length.isascii() and length.isdigit() and len(length) <= _MOST_DIGITS
    return (int(length) if is_number else None), length != written
