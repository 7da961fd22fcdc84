"""Asks MAST's keyword services, of which each instrument has one: rows, counts, and which programs have any."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from pedigreed.model.failure import Unreadable, UpstreamRefused, UpstreamUnavailable
from pedigreed.sources.mast.answer import PagedAnswer
from pedigreed.sources.mast.columns import ColumnChoice, required_keys, service_of
from pedigreed.sources.mast.query import ARCHIVED, PedigreeQuery
from pedigreed.sources.mast.row import program_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pedigreed.model.instrument import Instrument
    from pedigreed.sources.mast.envelope import Page, Reply
    from pedigreed.sources.mast.portal import Portal

_COUNT = "COUNT_BIG(*)"
_PROGRAM = "program"


class LimitRefused(UpstreamRefused):
    """The service has not the column that increments go by: only everything can be asked for."""


class KeywordServices:
    """Asks one query at a time. What a service refuses is kept in mind, and not asked for again."""

    def __init__(self, portal: Portal, page_rows: int) -> None:
        self._portal = portal
        self._page_rows = page_rows
        self._choice = ColumnChoice(portal.columns_of)

    @property
    def requests(self) -> int:
        """How many HTTP exchanges were made."""
        return self._portal.requests

    def start_query(self, *, is_in_doubt: bool = False) -> None:
        """Begin the time of one whole query; see `Portal.start_query`."""
        self._portal.start_query(is_in_doubt=is_in_doubt)

    def close(self) -> None:
        """Close the connections."""
        self._portal.close()

    def has_limits(self, instrument: Instrument) -> bool:
        """Whether the instrument's service can be asked for what is younger than a moment."""
        return self._choice.has(instrument, ARCHIVED)

    def warnings(self, instrument: Instrument) -> tuple[str, ...]:
        """What the instrument's service has no more."""
        return self._choice.warnings(instrument)

    def count(self, query: PedigreeQuery) -> int:
        """How many rows the service counts.

        Raises:
            LimitRefused: it can't be asked with a limit.
            UpstreamUnavailable: it did not count.
        """
        try:
            return self._invoke(query, _COUNT, uuid.uuid4().hex, page=1).count()
        except UpstreamRefused as error:
            self._note_refused(query, error)
            raise

    def read(self, query: PedigreeQuery, known: Mapping[bytes, str], count: int | None) -> PagedAnswer:
        """Every page, as far as there are any. Raises as `count`.

        Args:
            query: what to ask.
            known: fingerprint -> file name of the rows that need not be read again.
            count: how many rows the service counted; None to take its word in the pages.
        """
        answer = PagedAnswer(query, known, total=count)
        breaker = uuid.uuid4().hex
        while answer.expects_more:
            number = answer.taken + 1
            page = self._page(query, breaker, number)
            answer.take(page, number, required_keys(self._choice.columns(query.instrument)))
            if answer.total is None:
                answer.total = self.count(query)
        return answer

    def programs_with_rows(self, instrument: Instrument, programs: Iterable[int]) -> frozenset[int]:
        """Which of some programs have any row.

        Only the rows' programs are asked for, and only the first page. A program that was seen is left out of the
        next question. So each page finds a program, and the most that is asked is the fewest pages of them all.

        Raises:
            UpstreamUnavailable: it did not answer, or not what was asked.
        """
        asked = missing = frozenset(programs)
        while missing:
            query = PedigreeQuery(instrument, tuple(sorted(missing)))
            page = self._invoke(query, _PROGRAM, uuid.uuid4().hex, page=1).page()
            seen = missing & _programs_of(page)
            missing -= seen
            if not page.rows if page.total is None else len(page.rows) >= page.total:
                break
            if not seen:
                raise UpstreamUnavailable(f"{len(page.rows)} rows came, none of the programs that were asked for")
        return asked - missing

    def _page(self, query: PedigreeQuery, breaker: str, number: int) -> Page:
        """One page, asking again without the columns that the service refuses."""
        while True:
            columns = ",".join(self._choice.columns(query.instrument))
            try:
                return self._invoke(query, columns, breaker, page=number).page()
            except UpstreamRefused as error:
                if not self._note_refused(query, error):
                    raise

    def _note_refused(self, query: PedigreeQuery, error: UpstreamRefused) -> bool:
        """Whether the question can be asked again with fewer columns."""
        refused = self._choice.refused(query.instrument, str(error))
        if ARCHIVED in refused and not query.is_sweep:
            raise LimitRefused(str(error)) from error
        return bool(refused)

    def _invoke(self, query: PedigreeQuery, columns: str, breaker: str, page: int) -> Reply:
        params = {"columns": columns, "filters": query.filters}
        return self._portal.invoke(service_of(query.instrument), params, breaker, page, self._page_rows)


def _programs_of(page: Page) -> frozenset[int]:
    programs = set()
    for row in dict(zip(map(page.fingerprint, page.rows), page.rows, strict=True)).values():
        try:
            programs.add(program_of(page.read(row)))
        except Unreadable:
            continue
    return frozenset(filter(None, programs))
