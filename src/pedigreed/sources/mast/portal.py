"""Sends requests to MAST's portal through astroquery, with time limits, pauses and retries.

astroquery builds the requests and holds the session. What it does without (checked in 0.4.11) is added here:
pauses between polls, a limit on each exchange and on the whole, retries, and a look at what kind of body came.
Importing this module imports astroquery, which takes about two seconds: it is imported where it is used.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import re
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
import requests
import urllib3
from astroquery.mast.discovery_portal import PortalAPI

from pedigreed.model.failure import Unreadable, UpstreamRefused, UpstreamUnavailable
from pedigreed.net.breakage import Breakage, what_broke
from pedigreed.net.exchange import leads_into_private, redirect_target
from pedigreed.net.inflating import Inflating, are_too_small
from pedigreed.net.patience import Passing, unwanted
from pedigreed.sources.mast.columns import configured_columns
from pedigreed.sources.mast.envelope import Reply, read_reply
from pedigreed.sources.mast.patience import PassingTooMuch, Patience, TooManyValues, TooMuch
from pedigreed.sources.plain_text import plain_line

if TYPE_CHECKING:
    from collections.abc import Mapping

# astropy and astroquery would write their logs to the terminal themselves.
for _name in ("astropy", "astroquery"):
    logging.getLogger(_name).handlers.clear()
    logging.getLogger(_name).setLevel(logging.NOTSET)

_CHUNK = 1 << 18
_SQL_WAS_SLOW = re.compile(r"timed?[ -]?out", re.IGNORECASE)
_SQL_PASSES = re.compile(r"deadlock", re.IGNORECASE)
_SQL_TOO_MANY = re.compile(r"too many (?:values|param)", re.IGNORECASE)
_SQL_TOO_BIG = re.compile(
    r"too (?:large|big)|out of memory|insufficient (?:system )?memory|internal resources", re.IGNORECASE
)
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
_LARGEST_CONFIGURATION = 1 << 24
_ENVELOPE_BYTES = 1 << 22
_VALUE_BYTES = 64
"""With its column's name, on the average, and with room: those of a recorded answer have 24."""

_MOST_DIGITS = 15
_LONGEST_MESSAGE = 500


@dataclass(frozen=True, slots=True)
class ColumnConfiguration:
    """A service's columns, as astroquery reads them: through `json`."""

    body: bytes

    def json(self) -> Any:  # noqa: ANN401  # as requests.Response.json
        """The body as Python objects."""
        return msgspec.json.decode(self.body)


class _Redirected(Exception):
    """The answer is a redirect."""

    def __init__(self, status: int, location: str) -> None:
        super().__init__(status)
        self.location = location
        self.keeps_question = status in _KEEP_QUESTION


class Portal(PortalAPI):  # type: ignore[misc]  # astroquery is not typed
    """One connection to the portal's request service. Requests are serial: one instance is used by one thread.

    Attributes:
        requests: how many HTTP exchanges were made.
        headers: of the last answer.
    """

    def __init__(self, url: str, user_agent: str, patience: Patience, token: str | None = None) -> None:
        super().__init__()
        base = url.rstrip("/")
        self.MAST_REQUEST_URL = f"{base}/api/v0/invoke"
        self.COLUMNS_CONFIG_URL = f"{base}/portal/Mashup/Mashup.asmx/columnsconfig"
        # astroquery keeps these for the life of the process and for every URL alike.
        self._column_configs: dict[str, Mapping[str, object]] = {}
        self._session.headers["User-Agent"] = f"{user_agent} {self._session.headers['User-Agent']}"
        if token is not None:
            self._session.headers["Authorization"] = f"token {token}"
        self._session.headers["Accept-Encoding"] = "gzip, deflate"
        self._session.hooks["response"].append(_stop_at_redirect)
        self._patience = patience
        self._largest = patience.largest_answer
        self._deadline = patience.deadline()
        self._attempts = patience
        self._can_ask_less = False
        self._asks_configurations = True
        self.requests = 0
        self.headers: Mapping[str, str] = {}

    def start_query(self, *, is_in_doubt: bool = False, can_ask_less: bool = False) -> None:
        """Give the requests from here on the time of one whole query.

        Where it is in doubt whether MAST answers at all, each is tried once, and for nothing but the query.
        Where less can be asked, what was too much is tried twice.
        """
        self._deadline = self._patience.deadline()
        self._attempts = replace(self._patience, attempts=1) if is_in_doubt else self._patience
        self._can_ask_less = can_ask_less
        self._asks_configurations = not is_in_doubt

    def columns_of(self, service: str) -> frozenset[str]:
        """The columns that a service says it has, lower case; empty where it does not say.

        The configuration is a help, not a need: where it can't be read, the query itself tells. So it is asked for
        once, and not at all in doubt.

        Raises:
            UpstreamUnavailable: the service asked for a pause that the query has no time for.
        """
        if service not in self._column_configs:
            self._column_configs[service] = {}
            if self._asks_configurations:
                self._ask_configuration(service)
        return self._offered(service)

    def _ask_configuration(self, service: str) -> None:
        try:
            self._get_col_config(service)
        except Passing as error:
            if error.pause:
                self._sleep(error.pause.total_seconds())
        except (UpstreamUnavailable, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass

    def _offered(self, service: str) -> frozenset[str]:
        configuration = self._column_configs[service]
        return configured_columns(configuration) if isinstance(configuration, dict) else frozenset()

    def invoke(self, service: str, params: Mapping[str, object], breaker: str, page: int, pagesize: int) -> Reply:
        """One reply that is ready.

        `breaker` is the same for all requests of one query, so that its pages are cut from one answer.

        Raises:
            UpstreamUnavailable: no usable reply within the limits.
        """
        self.columns_of(service)
        columns = str(params.get("columns", "")).count(",") + 1
        asked = pagesize * (columns + 1) * _VALUE_BYTES
        self._largest = min(_ENVELOPE_BYTES + asked, self._patience.largest_answer)
        (reply,) = self.service_request_async(
            service, dict(params), pagesize=pagesize, page=page, removenullcolumns=False, cacheBreaker=breaker
        )
        assert isinstance(reply, Reply)
        return reply

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _request(  # astroquery's hook: every exchange goes through it
        self,
        method: str,
        url: str,
        params: Any = None,  # noqa: ANN401
        data: str | None = None,
        headers: Mapping[str, str] | None = None,
        **_: object,
    ) -> list[Reply] | list[ColumnConfiguration]:
        """Send a request until it is answered for good: the identical one while the answer is not ready."""
        if url == self.COLUMNS_CONFIG_URL:
            return [_checked_configuration(self._exchange(method, url, params, data, headers))]
        status = ""
        try:
            for poll in itertools.count():
                for attempt in self._attempts.retrying_question(self._deadline, can_ask_less=self._can_ask_less):
                    with attempt:
                        reply = _checked_reply(self._exchange(method, url, params, data, headers))
                if reply.is_ready:
                    return [reply]
                status = reply.state
                self._sleep(min(self._patience.first_poll * 1.5**poll, self._patience.longest_poll))
        except UpstreamUnavailable as error:
            if not status or isinstance(error, (Passing, UpstreamRefused)):
                raise
            stayed = "" if status == "EXECUTING" else f": its status stayed {status[:40]!r}, which is not known"
            raise TooMuch(f"{error}{stayed}") from error
        raise AssertionError  # the loop has no end

    def _exchange(
        self, method: str, url: str, params: object, data: str | None, headers: Mapping[str, str] | None
    ) -> bytes:
        """One HTTP exchange: its body. Raises `Passing` for what may be over soon.

        A redirect is followed as in `net.exchange`, and the token goes to no other host.
        """
        is_query = url == self.MAST_REQUEST_URL
        allowed = self._patience.exchange_timeout if is_query else self._patience.configuration_timeout
        left = min(allowed, self._left())
        ends = time.monotonic() + left
        largest = self._largest if is_query else _LARGEST_CONFIGURATION
        target, sent = url, dict[str, str | None](headers or {})
        try:
            for _ in range(_MOST_REDIRECTS + 1):
                self.requests += 1
                within = max(ends - time.monotonic(), _TIMER_SLACK)
                try:
                    with self._session.request(
                        method, target, params=params, data=data, headers=sent, timeout=within, stream=True
                    ) as response:
                        self.headers = response.headers
                        _check_http_status(response, ends)
                        return _body(response, largest, ends)
                except _Redirected as redirected:
                    target = self._follow(target, redirected.location)
                    if self._session.should_strip_auth(url, target):
                        sent["Authorization"] = None
                    if not redirected.keeps_question:
                        method, params, data = "GET", None, None
            raise UpstreamUnavailable(f"MAST can't be asked: it redirects more than {_MOST_REDIRECTS} times")
        except (requests.ConnectionError, requests.Timeout, urllib3.exceptions.HTTPError) as error:
            if left < allowed and time.monotonic() >= ends - _TIMER_SLACK:
                raise TooMuch(str(self._is_over())) from error
            slow = isinstance(error, (requests.ReadTimeout, urllib3.exceptions.ReadTimeoutError))
            raise (PassingTooMuch if slow else Passing)(
                f"MAST did not answer: {what_broke(error).words}"
            ) from error
        except requests.RequestException as error:
            raise UpstreamUnavailable(f"MAST can't be asked: {type(error).__name__}") from error
        except Unreadable as error:
            raise Passing(f"MAST did not answer: {error}") from error
        except ValueError as error:
            # The libraries raise their own errors for most addresses that are none, and not for all.
            raise UpstreamUnavailable(f"MAST can't be asked: {Breakage.REDIRECT.value}") from error

    def _follow(self, target: str, location: str) -> str:
        """Where a redirect leads. Raises `UpstreamUnavailable` where it is not followed."""
        host = urlsplit(self.MAST_REQUEST_URL).hostname or ""
        try:
            return redirect_target(target, location, may_be_private=leads_into_private(host))
        except Unreadable as error:
            raise UpstreamUnavailable(f"MAST can't be asked: {error}") from error

    def _left(self) -> float:
        """Seconds that the query has left. Raises `UpstreamUnavailable` when there are none."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise self._is_over()
        return left

    def _is_over(self) -> UpstreamUnavailable:
        return UpstreamUnavailable(f"MAST did not complete the query within {self._patience.total_timeout:g} s")

    def _sleep(self, seconds: float) -> None:
        """Pause. Raises `UpstreamUnavailable` at once where the time would run out meanwhile."""
        if seconds >= self._left():
            raise self._is_over()
        self._patience.sleep(seconds)


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


def _checked_reply(body: bytes) -> Reply:
    try:
        reply = read_reply(body)
    except UpstreamUnavailable as error:
        raise Passing(str(error)) from error
    if reply.state == "ERROR":
        said = reply.message[:100]
        if _SQL_WAS_SLOW.search(reply.message):
            raise PassingTooMuch(f"MAST's database was too slow: {said}")
        if _SQL_PASSES.search(reply.message):
            raise Passing(f"MAST's database was busy: {said}")
        if _SQL_TOO_MANY.search(reply.message):
            raise TooManyValues(f"MAST answered ERROR: {said}")
        if _SQL_TOO_BIG.search(reply.message):
            raise TooMuch(f"MAST answered ERROR: {said}")
    return reply


def _explanation(response: requests.Response, ends: float) -> str:
    """What a refusal says of its reason, on one line; empty for a page of HTML."""
    body = _read(response, _LONGEST_EXPLANATION, ends).body
    with contextlib.suppress(UpstreamUnavailable):
        body = read_reply(body).message.encode()
    text = plain_line(body.decode(errors="replace"), _LONGEST_MESSAGE)
    return "" if text.startswith("<") else text


def _checked_configuration(body: bytes) -> ColumnConfiguration:
    """The configuration is any JSON object. An empty body is the service's way to say that it failed."""
    if not body.lstrip().startswith(b"{"):
        raise UpstreamUnavailable("MAST sent no column configuration")
    return ColumnConfiguration(body)
