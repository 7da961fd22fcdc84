"""Sends requests to MAST's portal through astroquery, with time limits, pauses and retries.

astroquery builds the requests and holds the session. What it does without (checked in 0.4.11) is added here:
pauses between polls, a limit on the whole, retries, and a look at what kind of body came.
Importing this module imports astroquery, which takes about two seconds: it is imported where it is used.
"""

from __future__ import annotations

import itertools
import logging
import re
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec
from astroquery.mast.discovery_portal import PortalAPI

from pedigreed.model.failure import UpstreamRefused, UpstreamUnavailable
from pedigreed.net.access_token import by_mast_token
from pedigreed.net.patience import Passing
from pedigreed.sources.mast.envelope import Reply, read_reply
from pedigreed.sources.mast.query import configured_columns
from pedigreed.sources.mast.session import MastSession, PassingTooMuch, QueryLimits, TooManyValues, TooMuch

if TYPE_CHECKING:
    from collections.abc import Mapping

# astropy and astroquery would write their logs to the terminal themselves.
for _name in ("astropy", "astroquery"):
    logging.getLogger(_name).handlers.clear()
    logging.getLogger(_name).setLevel(logging.NOTSET)

_SQL_WAS_SLOW = re.compile(r"timed?[ -]?out", re.IGNORECASE)
_SQL_PASSES = re.compile(r"deadlock", re.IGNORECASE)
_SQL_TOO_MANY = re.compile(r"too many (?:values|param)", re.IGNORECASE)
_SQL_TOO_BIG = re.compile(
    r"too (?:large|big)|out of memory|insufficient (?:system )?memory|internal resources", re.IGNORECASE
)
_MOST_STEPS = 64
"""By which the pause between polls grows."""

_LARGEST_CONFIGURATION = 1 << 24
_ENVELOPE_BYTES = 1 << 22
_VALUE_BYTES = 64
"""With its column's name, on the average, and with room: those of a recorded answer have 24."""


@dataclass(frozen=True, slots=True)
class ColumnConfiguration:
    """A service's columns, as astroquery reads them: through `json`."""

    body: bytes

    def json(self) -> Any:  # noqa: ANN401  # as requests.Response.json
        """The body as Python objects."""
        return msgspec.json.decode(self.body)


class Portal(PortalAPI):  # type: ignore[misc]  # astroquery is not typed
    """One connection to the portal's request service. Requests are serial: one instance is used by one thread."""

    def __init__(self, url: str, user_agent: str, patience: QueryLimits, token: str | None = None) -> None:
        super().__init__()
        base = url.rstrip("/")
        self.MAST_REQUEST_URL = f"{base}/api/v0/invoke"
        self.COLUMNS_CONFIG_URL = f"{base}/portal/Mashup/Mashup.asmx/columnsconfig"
        # astroquery keeps these for the life of the process and for every URL alike.
        self._column_configs: dict[str, Mapping[str, object]] = {}
        self._offered: dict[str, frozenset[str]] = {}
        self._session.headers["User-Agent"] = f"{user_agent} {self._session.headers['User-Agent']}"
        if token is not None:
            self._session.headers.update(by_mast_token(token))
        self._session.headers["Accept-Encoding"] = "gzip, deflate"
        self._http = MastSession(self._session)
        self._patience = patience
        self._largest = patience.largest_answer
        self._deadline = patience.deadline()
        self._attempts = patience
        self._can_ask_less = False
        self._asks_configurations = True

    @property
    def requests(self) -> int:
        """How many HTTP exchanges were made."""
        return self._http.exchanges

    @property
    def headers(self) -> Mapping[str, str]:
        """Of the last answer."""
        return self._http.headers

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
            configuration = self._column_configs[service]
            self._offered[service] = (
                configured_columns(configuration) if isinstance(configuration, dict) else frozenset()
            )
        return self._offered.get(service, frozenset())

    def _ask_configuration(self, service: str) -> None:
        try:
            self._get_col_config(service)
        except Passing as error:
            if error.pause:
                self._sleep(error.pause.total_seconds())
        except (UpstreamUnavailable, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass

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
        params: Any = None,  # noqa: ANN401  # as astroquery hands it over
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
                self._sleep(
                    min(self._patience.first_poll * 1.5 ** min(poll, _MOST_STEPS), self._patience.longest_poll)
                )
        except UpstreamUnavailable as error:
            if not status or isinstance(error, (Passing, UpstreamRefused)):
                raise
            stayed = "" if status == "EXECUTING" else f": its status stayed {status[:40]!r}, which is not known"
            raise TooMuch(f"{error}{stayed}") from error
        raise AssertionError  # the loop has no end

    def _exchange(
        self, method: str, url: str, params: object, data: str | None, headers: Mapping[str, str] | None
    ) -> bytes:
        """One HTTP exchange: its body. Raises `Passing` for what may be over soon."""
        is_query = url == self.MAST_REQUEST_URL
        allowed = self._patience.exchange_timeout if is_query else self._patience.configuration_timeout
        left = min(allowed, self._left())
        return self._http.body(
            method,
            url,
            params=params,
            data=data,
            headers=headers or {},
            seconds=left,
            largest=self._largest if is_query else _LARGEST_CONFIGURATION,
            when_over=str(self._is_over()) if left < allowed else "",
        )

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


def _checked_configuration(body: bytes) -> ColumnConfiguration:
    """The configuration is any JSON object. An empty body is the service's way to say that it failed."""
    if not body.lstrip().startswith(b"{"):
        raise UpstreamUnavailable("MAST sent no column configuration")
    return ColumnConfiguration(body)
