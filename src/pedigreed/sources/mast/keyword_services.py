"""Asks MAST's keyword services, of which each instrument has one: rows, counts, and which programs have any."""

from __future__ import annotations

import uuid
from collections import Counter
from typing import TYPE_CHECKING, Any

from pedigreed.model.failure import Unreadable, UpstreamRefused, UpstreamUnavailable
from pedigreed.sources.mast.answer import PagedAnswer
from pedigreed.sources.mast.query import (
    ARCHIVED,
    ColumnChoice,
    PedigreeQuery,
    archived_between,
    required_keys,
    service_of,
)
from pedigreed.sources.mast.row import program_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from pedigreed.model.instrument import Instrument
    from pedigreed.sources.mast.envelope import Page, Reply
    from pedigreed.sources.mast.portal import Portal

_COUNT = "COUNT_BIG(*)"
_PROGRAM = "program"
_OBSERVATION = "observtn"


class LimitRefused(UpstreamRefused):
    """The service has not the column that increments go by: only everything can be asked for."""


class KeywordServices:
    """Asks one query at a time. What a service refuses is kept in mind, and not asked for again."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._choice = ColumnChoice(portal.columns_of)

    @property
    def requests(self) -> int:
        """How many HTTP exchanges were made."""
        return self._portal.requests

    def start_query(self, *, is_in_doubt: bool = False, can_ask_less: bool = False) -> None:
        """Begin the time of one whole query; see `Portal.start_query`."""
        self._portal.start_query(is_in_doubt=is_in_doubt, can_ask_less=can_ask_less)

    def has_limits(self, instrument: Instrument) -> bool:
        """Whether the instrument's service can be asked for what is younger than a moment."""
        return self._choice.has(instrument, ARCHIVED)

    def warnings(self, instrument: Instrument) -> tuple[str, ...]:
        """What the instrument's service has no more."""
        return self._choice.warnings(instrument)

    def count(self, query: PedigreeQuery) -> int | None:
        """How many rows the service counts; None where it does not count."""
        try:
            return self._invoke(query.instrument, query.filters, _COUNT, uuid.uuid4().hex, 1, page_rows=1).count()
        except UpstreamUnavailable:
            return None

    def read(
        self, query: PedigreeQuery, known: Mapping[bytes, str], page_rows: int, *, only_one_page: bool = False
    ) -> PagedAnswer:
        """Every page, as far as there are any.

        The service's own word says how many rows there are. It is asked to count them only where it does not say,
        or where it has none of the rows that are known: a count alone makes no answer.

        Args:
            query: what to ask.
            known: fingerprint -> file name of the rows that need not be read again.
            page_rows: how many rows to a page.
            only_one_page: whether to leave off where the first page is full.

        Raises:
            LimitRefused: it can't be asked with a limit.
            UpstreamUnavailable: it did not answer.
        """
        answer = PagedAnswer(query, known)
        breaker = uuid.uuid4().hex
        has_counted = False
        while answer.expects_more:
            number = answer.taken + 1
            page = self._page(query, breaker, number, page_rows)
            if only_one_page and len(page.rows) >= page_rows:
                # Its rows are not read: they come again, with the others or in parts.
                answer.is_first_page_only = True
                answer.total = page.total
            else:
                answer.take(page, number, required_keys(self._choice.columns(query.instrument)))
            if answer.total is None and not has_counted:
                has_counted = True
                answer.total = self.count(query)
            if answer.is_first_page_only:
                return answer
        if query.is_sweep and known and not answer.rows and answer.total == 0:
            answer.total = self.count(query)
        return answer

    def observations(self, query: PedigreeQuery, most_rows: int) -> Counter[int]:
        """Observation -> how many rows, of the first page alone. Raises `UpstreamUnavailable`."""
        page = self._invoke(
            query.instrument, query.filters, _OBSERVATION, uuid.uuid4().hex, 1, page_rows=most_rows
        ).page()
        found: Counter[int] = Counter()
        for row in page.rows:
            try:
                (value,) = page.read(row).values()
                found[int(str(value))] += 1
            except (Unreadable, ValueError):
                continue
        return found

    def programs_with_rows(
        self, instrument: Instrument, programs: Iterable[int], page_rows: int
    ) -> frozenset[int]:
        """Which of some programs have any row.

        Only the rows' programs are asked for, and only the first page. A program that was seen is left out of the
        next question. So each page finds a program, and the most that is asked is the fewest pages of them all.

        Raises:
            UpstreamUnavailable: it did not answer, or not what was asked.
        """
        asked = missing = frozenset(programs)
        while missing:
            query = PedigreeQuery(instrument, tuple(sorted(missing)))
            page = self._invoke(
                query.instrument, query.filters, _PROGRAM, uuid.uuid4().hex, 1, page_rows=page_rows
            ).page()
            seen = missing & _programs_of(page)
            missing -= seen
            if not page.rows if page.total is None else len(page.rows) >= page.total:
                break
            if not seen:
                raise UpstreamUnavailable(f"{len(page.rows)} rows came, none of the programs that were asked for")
        return asked - missing

    def programs_ingested(
        self, instrument: Instrument, since: datetime, until: datetime, most_rows: int
    ) -> frozenset[int] | None:
        """The programs of all rows that were taken in between two instants (UTC); None where they are too many.

        Only the rows' programs are asked for. The service's own word says how many rows there are.

        Raises:
            UpstreamUnavailable: it did not answer, or does not say how many.
        """
        asked = [archived_between(since, until)]
        breaker = uuid.uuid4().hex
        page = self._invoke(instrument, asked, _PROGRAM, breaker, 1, page_rows=most_rows).page()
        total = page.total
        if total is None:
            total = self._invoke(instrument, asked, _COUNT, breaker, 1, page_rows=1).count()
        return None if len(page.rows) < total else _programs_of(page)

    def _page(self, query: PedigreeQuery, breaker: str, number: int, page_rows: int) -> Page:
        """One page, asking again without the columns that the service refuses."""
        while True:
            columns = ",".join(self._choice.columns(query.instrument))
            try:
                return self._invoke(
                    query.instrument, query.filters, columns, breaker, number, page_rows=page_rows
                ).page()
            except UpstreamRefused as error:
                if not self._note_refused(query, error):
                    raise

    def _note_refused(self, query: PedigreeQuery, error: UpstreamRefused) -> bool:
        """Whether the question can be asked again with fewer columns."""
        refused = self._choice.refused(query.instrument, str(error))
        if ARCHIVED in refused and not query.is_sweep:
            raise LimitRefused(str(error)) from error
        return bool(refused)

    def _invoke(
        self,
        instrument: Instrument,
        filters: Sequence[Mapping[str, Any]],
        columns: str,
        breaker: str,
        page: int,
        *,
        page_rows: int,
    ) -> Reply:
        params = {"columns": columns, "filters": list(filters)}
        return self._portal.invoke(service_of(instrument), params, breaker, page, page_rows)


def _programs_of(page: Page) -> frozenset[int]:
    programs = set()
    for row in dict(zip(map(page.fingerprint, page.rows), page.rows, strict=True)).values():
        try:
            programs.add(program_of(page.read(row)))
        except Unreadable:
            continue
    return frozenset(filter(None, programs))
