"""The MAST archive as a source of products: what it has of some programs, and whether that is all of it."""

from __future__ import annotations

import re
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from pedigreed.model.failure import UpstreamRefused, UpstreamUnavailable
from pedigreed.model.fetched import Fetched
from pedigreed.sources.mast.columns import REQUIRED, SUBSTITUTES, columns_for, service_of
from pedigreed.sources.mast.patience import Patience
from pedigreed.sources.mast.query import ARCHIVED, PedigreeQuery
from pedigreed.sources.mast.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import TracebackType

    from pedigreed.model.instrument import Instrument
    from pedigreed.model.product import Product
    from pedigreed.sources.mast.envelope import Page, Reply
    from pedigreed.sources.mast.portal import Portal

PAGE_ROWS = 50_000
_COUNT = "COUNT_BIG(*)"
_FAILURES_BEFORE_REST = 2
_QUOTED = re.compile(r"""['"\[`]([A-Za-z_]\w*)['"\]`]""")


class MastArchive:
    """Reads pedigree from MAST's keyword services, politely and with proof of completeness.

    Use as a context manager. One instance is used by one thread; its requests are serial.
    """

    def __init__(
        self,
        url: str,
        user_agent: str,
        *,
        token: str | None = None,
        patience: Patience | None = None,
        page_rows: int = PAGE_ROWS,
    ) -> None:
        self._url = url
        self._user_agent = user_agent
        self._token = token
        self._patience = patience or Patience()
        self._page_rows = page_rows
        self._opened: Portal | None = None
        self._failures_in_a_row = 0
        self._refused: dict[Instrument, set[str]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def answers(
        self, query: PedigreeQuery, known: Callable[[PedigreeQuery], Mapping[bytes, str]]
    ) -> Iterator[tuple[PedigreeQuery, Fetched[Product]]]:
        """Answer a query, in parts of at most a page of rows where it has several programs.

        It raises nothing: a part that could not be asked is incomplete and says why.

        Args:
            query: what to ask.
            known: fingerprint -> file name of the rows that are known of a part. Such a row is not read again.

        Yields:
            Each part as it was asked, and its answer.
        """
        if self._failures_in_a_row >= _FAILURES_BEFORE_REST:
            yield query, Fetched((), is_complete=False, problems=("not asked: MAST did not answer before",))
            return
        requests_before = self._portal.requests
        self._portal.start_query()
        try:
            query = self._as_it_can_be_asked(query)
            count = self._count(query) if query.is_sweep else None
            if count is None or count <= self._page_rows or len(query.programs) == 1:
                answer = self._fetch(query, known(query), count, requests_before)
                self._failures_in_a_row = 0
                yield query, answer
                return
        except UpstreamUnavailable as error:
            # A refusal is an answer: the next question may well be served.
            self._failures_in_a_row += not isinstance(error, UpstreamRefused)
            requests = self._portal.requests - requests_before
            yield query, Fetched((), is_complete=False, problems=(str(error),), requests=requests)
            return
        for half in query.halves():
            yield from self.answers(half, known)

    def count(self, query: PedigreeQuery) -> int:
        """How many rows the service counts for a query.

        Raises:
            UpstreamUnavailable: it did not count within the limits.
        """
        self._portal.start_query()
        return self._count(query)

    @property
    def _portal(self) -> Portal:
        if self._opened is None:
            from pedigreed.sources.mast.portal import Portal  # noqa: PLC0415  # importing it takes seconds

            self._opened = Portal(self._url, self._user_agent, self._patience, self._token)
        return self._opened

    def _fetch(
        self, query: PedigreeQuery, known: Mapping[bytes, str], count: int | None, requests_before: int
    ) -> Fetched[Product]:
        reading = Reading(query, known, total=count)
        breaker = uuid.uuid4().hex
        number = 0
        while count != 0 and number < reading.pages:
            number += 1
            reading.take(self._page(query, breaker, number), number)
        if reading.total is None:
            reading.total = self._count(query)
        return reading.result(self._warnings(query), self._portal.requests - requests_before)

    def _count(self, query: PedigreeQuery) -> int:
        return self._invoke(query, _COUNT, uuid.uuid4().hex, page=1).count()

    def _page(self, query: PedigreeQuery, breaker: str, number: int) -> Page:
        """One page, asking again without the columns that the service refuses."""
        while True:
            columns = self._columns(query)
            try:
                return self._invoke(query, ",".join(columns), breaker, page=number).page()
            except UpstreamRefused as error:
                refused = _columns_named(str(error), columns) - REQUIRED
                if not refused or (ARCHIVED in refused and not query.is_sweep):
                    raise
                self._refused.setdefault(query.instrument, set()).update(refused)

    def _invoke(self, query: PedigreeQuery, columns: str, breaker: str, page: int) -> Reply:
        params = {"columns": columns, "filters": query.filters}
        return self._portal.invoke(service_of(query.instrument), params, breaker, page, self._page_rows)

    def _as_it_can_be_asked(self, query: PedigreeQuery) -> PedigreeQuery:
        """The query without its limit where the service has not the column that the limit is on."""
        if query.is_sweep or self._has(query.instrument, ARCHIVED):
            return query
        return replace(query, archived_since=None)

    def _has(self, instrument: Instrument, column: str) -> bool:
        if column in self._refused.get(instrument, ()):
            return False
        offered = self._portal.columns_of(service_of(instrument))
        return not offered or column.lower() in offered

    def _columns(self, query: PedigreeQuery) -> list[str]:
        """The columns to ask for, less what the service has not. A date is asked for in its other form then."""
        columns = []
        for column in columns_for(query.instrument):
            other = SUBSTITUTES.get(column)
            if self._has(query.instrument, column):
                columns.append(column)
            elif other is not None and self._has(query.instrument, other):
                columns.append(other)
        return columns

    def _warnings(self, query: PedigreeQuery) -> tuple[str, ...]:
        asked = set(self._columns(query))
        dropped = [
            column
            for column in columns_for(query.instrument)
            if column not in asked and SUBSTITUTES.get(column) not in asked
        ]
        if not dropped:
            return ()
        return (f"{query.instrument.written} no longer has {', '.join(dropped)}: the rest was read",)


def _columns_named(message: str, columns: list[str]) -> set[str]:
    """Which of our columns an error is about: those that it quotes, or the only one that it mentions."""
    lower = {column.lower(): column for column in columns}
    quoted = {lower[word.lower()] for word in _QUOTED.findall(message) if word.lower() in lower}
    if quoted:
        return quoted
    mentioned = {lower[word] for word in re.findall(r"\w+", message.lower()) if word in lower}
    return mentioned if len(mentioned) == 1 else set()
