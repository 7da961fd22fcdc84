"""MAST as a source of products: what it has of some programs, and whether the answer is all of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Self

import structlog

from pedigreed.model.coverage import Fetched
from pedigreed.model.failure import StoreError, TryAgain, UpstreamRefused, UpstreamUnavailable
from pedigreed.model.product_name import parse_product_name
from pedigreed.sources.mast.answer import PagedAnswer, completeness_of
from pedigreed.sources.mast.keyword_services import KeywordServices, LimitRefused
from pedigreed.sources.mast.query import QuestionSizes
from pedigreed.sources.mast.session import QueryLimits, TooManyValues, TooMuch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime
    from types import TracebackType

    from pedigreed.model.instrument import Instrument
    from pedigreed.model.product import Product
    from pedigreed.sources.mast.answer import Completeness, Part
    from pedigreed.sources.mast.missions import MissionsSearch
    from pedigreed.sources.mast.portal import Portal
    from pedigreed.sources.mast.query import PedigreeQuery

PAGE_ROWS = 50_000
"""How many rows are asked for at first. What several programs have more of is asked for in halves."""

MOST_ROWS = 500_000
"""How many rows one page may have: MAST's documentation names this as the limit of its server's memory."""

_SHARE_EXPECTED = 0.8
"""How full a page may be expected to become, by what programs had that were swept before."""

_ROOM_TO_GROW = 1_000
"""How many rows more than were counted are asked for in one page: the archive is being written to."""

_FAILURES_BEFORE_REST = 2
_SERVICES_BEFORE_DOUBT = 2
_SHORTEST_SPAN = timedelta(minutes=1)

_log = structlog.get_logger()


class MastArchive:
    """Reads pedigree from MAST's keyword services, politely and with proof of completeness.

    Use as a context manager. One instance is used by one thread, for one cycle; its requests are serial.
    Which services did not answer and which columns they refuse is forgotten with it.

    Attributes:
        sizes: how large a question may be. It is for the caller to keep what is learnt.
    """

    def __init__(
        self,
        url: str,
        user_agent: str,
        *,
        token: str | None = None,
        patience: QueryLimits | None = None,
        page_rows: int = PAGE_ROWS,
        most_rows: int = MOST_ROWS,
        fallback: MissionsSearch | None = None,
    ) -> None:
        """`fallback`: the search of file sets that is asked where a keyword service does not answer."""
        self._url = url
        self._user_agent = user_agent
        self._token = token
        self._patience = patience or QueryLimits()
        self._page_rows = page_rows
        self._most_rows = most_rows
        self._fallback = fallback
        self.sizes = QuestionSizes()
        self._opened: Portal | None = None
        self._asking: KeywordServices | None = None
        self._outages = Outages()
        self._requests_counted = 0
        self._swept: Counter[Instrument] = Counter()
        self._rows_swept: Counter[Instrument] = Counter()

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
        self._opened = self._asking = None

    def answers(  # noqa: C901  # one way on for each way in which a part can end
        self, query: PedigreeQuery, known: Callable[[PedigreeQuery], Mapping[bytes, str]]
    ) -> Iterator[Part]:
        """Answer a query, in parts where it has several programs.

        Several programs share an answer of at most a page of rows. A program whose own rows are unreadable or came
        twice is a part of its own. An answer that does not add up otherwise is asked again in halves, so that the
        trouble ends at the program that it is of: at most as often as leads to two programs. What is too slow or
        too big for the service is asked for in halves too, after one program showed that it answers at all.

        A part that could not be asked, whatever went wrong, is incomplete and says why. Where the service did not
        answer, it has what the search of file sets says, if that stands in. Nothing is raised but
        what `known` raises of the store.

        Args:
            query: what to ask.
            known: fingerprint -> file name of the rows that are known of a part. Such a row is not read again.
                It is called with each part that is answered, before that is yielded.

        Yields:
            Each part as it was asked, and its answer. A part may lack the limit of the query: then the service
            could not be asked with one.
        """
        waiting = [query]
        splits_left = 2 * (len(query.programs) - 1).bit_length()
        was_too_much = has_answered = False
        while waiting:
            part = waiting.pop()
            if self._outages.rests(part.instrument):
                yield part, self._stood_in(part, "not asked: the service did not answer before")
                continue
            try:
                found = self._ask(part, known)
                if found is None:
                    waiting.extend(reversed(part.halves()))
                    continue
                part = found.answer.query
                if found.can_end_at_a_program and splits_left:
                    splits_left -= 1
                    waiting.extend(reversed(part.halves()))
                    continue
            except LimitRefused:
                waiting.append(part.whole)
                continue
            except UpstreamUnavailable as error:
                if isinstance(error, TooMuch) and len(part.programs) > 1 and splits_left:
                    splits_left -= 1
                    waiting.extend(self._smaller(part, known, is_first=not was_too_much))
                    was_too_much = True
                    self.sizes.programs.pop(part.instrument, None)
                    continue
                self._note_failure(part.instrument, error)
                if isinstance(error, TooMuch) and len(part.programs) == 1:
                    self.sizes.was_too_much_alone(part.instrument, part.programs[0])
                if was_too_much and not has_answered and not isinstance(error, UpstreamRefused):
                    # One program alone was too much as well: it is the service.
                    self._outages.failed(part.instrument)
                yield part, self._stood_in(part, str(error))
                continue
            except (StoreError, TryAgain):
                raise
            except Exception as error:  # noqa: BLE001  # whatever it is, it is one part's
                _log.exception("an asking failed", instrument=part.instrument.value)
                yield part, _unanswered(f"pedigreed failed: {type(error).__name__}", self._requests())
                continue
            if was_too_much:
                has_answered = True
                self.sizes.answered(part.instrument, len(part.programs))
            parts = self._parts_of(found, known)
            # Its rows need not stay in memory while the next are read.
            del found
            yield from parts
            del parts

    def programs_with_data(self, instrument: Instrument, programs: Iterable[int]) -> frozenset[int]:
        """Which of some programs have any row in an instrument's service, in few and small requests.

        Raises:
            UpstreamUnavailable: it did not answer within the limits.
        """
        self._services.start_query()
        return self._services.programs_with_rows(instrument, programs, self._page_rows)

    def programs_ingested(
        self, instrument: Instrument, since: datetime, until: datetime
    ) -> Iterator[tuple[frozenset[int], datetime]]:
        """The programs of every row of a service whose ingest ended between two instants (UTC).

        They come in spans, the earliest first, each with the instant at which it ends: what came is whole,
        whatever becomes of the rest. A span of more rows than a page may have is asked for in halves.

        Raises:
            UpstreamUnavailable: it did not answer within the limits.
        """
        waiting = [(since, until)]
        while waiting:
            begin, end = waiting.pop()
            middle = begin + (end - begin) / 2
            can_be_halved = end - begin > _SHORTEST_SPAN
            self._services.start_query(is_in_doubt=self._outages.is_in_doubt, can_ask_less=can_be_halved)
            try:
                found = self._services.programs_ingested(instrument, begin, end, self._most_rows)
            except TooMuch:
                if not can_be_halved:
                    raise
                found = None
            if found is not None:
                yield found, end
            elif can_be_halved:
                waiting += [(middle, end), (begin, middle)]
            else:
                raise TooMuch(f"it took in more than {self._most_rows:,} rows by {end:%Y-%m-%d %H:%M}, at once")

    def requests_made(self) -> int:
        """How many requests there were since this, or an answer, told of them."""
        return self._requests()

    @property
    def _services(self) -> KeywordServices:
        if self._asking is None:
            if self._opened is None:
                from pedigreed.sources.mast.portal import Portal  # noqa: PLC0415  # importing it takes seconds

                self._opened = Portal(self._url, self._user_agent, self._patience, self._token)
            self._asking = KeywordServices(self._opened)
        return self._asking

    def _ask(
        self, query: PedigreeQuery, known: Callable[[PedigreeQuery], Mapping[bytes, str]]
    ) -> Completeness | None:
        """Ask one query; None where it is too large for one. Raises as `KeywordServices.read`."""
        services = self._services
        if not query.is_sweep and not services.has_limits(query.instrument):
            query = query.whole
        has_several = len(query.programs) > 1
        before = known(query)
        if has_several and query.is_sweep and self._is_too_large(query, before):
            return None
        services.start_query(is_in_doubt=self._outages.is_in_doubt, can_ask_less=has_several)
        answer = self._read_several(query, before) if has_several else self._read_program(query, before)
        if answer is None:
            return None
        found = completeness_of(answer)
        if found.may_hide_a_gap:
            found = found.held_against(services.count(found.sound), known(found.sound).values())
        if answer.strangers:
            # It does not heed what it is asked. To go on would bring the whole archive, again and again.
            self._outages.failed(query.instrument)
        else:
            self._outages.answered(query.instrument)
        return found

    def _read_several(self, query: PedigreeQuery, known: Mapping[bytes, str]) -> PagedAnswer | None:
        """The rows of several programs; None where they do not fit on a page."""
        rows = self._first_page(known) if query.names_programs else self._page_rows
        answer = self._services.read(query, known, rows, only_one_page=True)
        if query.is_sweep and answer.total is not None:
            self._swept[query.instrument] += len(query.programs)
            self._rows_swept[query.instrument] += answer.total
        return None if answer.is_first_page_only else answer

    def _is_too_large(self, query: PedigreeQuery, known: Mapping[bytes, str]) -> bool:
        """Whether the rows of several programs would fill a page, which would be thrown away.

        By those that are known; or by how many the programs have that were swept before.
        """
        if known or not (swept := self._swept[query.instrument]):
            return len(known) > self._page_rows
        expected = len(query.programs) * self._rows_swept[query.instrument] / swept
        return expected > self._page_rows * _SHARE_EXPECTED

    def _first_page(self, known: Mapping[bytes, str]) -> int:
        """How many rows to ask for at first, and so how long a reply may be: by those that are known."""
        return min(self._page_rows, 2 * len(known) + _ROOM_TO_GROW) if known else self._page_rows

    def _read_program(self, query: PedigreeQuery, known: Mapping[bytes, str]) -> PagedAnswer:
        """The rows of one program: on one page, or in parts by observation where that is too much.

        Pages have no stable order, so several of them may bring a row twice and another not at all.
        """
        pair = (query.instrument, query.programs[0])
        parts = self.sizes.parts.get(pair, 1)
        if parts > 1:
            in_parts = self._read_parts(query, known, _observations(known.values()), parts)
            if in_parts is not None:
                return in_parts
        try:
            answer = self._read_on_one_page(query, known)
        except TooManyValues:
            raise
        except TooMuch:
            if self._outages.is_in_doubt:
                raise
            in_parts = self._read_parts(query, known, self._where_rows_are(query, known), 2)
            if in_parts is None:
                raise
            return in_parts
        if answer.lost_between_pages:
            rows = _observations([*answer.products, *answer.unchanged])
            in_parts = self._read_parts(query, known, rows, answer.taken)
            if in_parts is not None and not completeness_of(in_parts).problems:
                return in_parts
        return answer

    def _read_on_one_page(self, query: PedigreeQuery, known: Mapping[bytes, str]) -> PagedAnswer:
        answer = self._services.read(query, known, self._first_page(known), only_one_page=True)
        if not answer.is_first_page_only:
            return answer
        total = answer.total
        if total is not None and total > self._most_rows:
            raise TooMuch(f"it has {total:,} rows, and a page {self._most_rows:,} at most")
        return self._services.read(query, known, self._most_rows if total is None else total + _ROOM_TO_GROW)

    def _where_rows_are(self, query: PedigreeQuery, known: Mapping[bytes, str]) -> Mapping[int, int]:
        """Observation -> about how many rows of a program: by those that are known, or else by asking."""
        rows = _observations(known.values())
        if len(rows) > 1:
            return rows
        self._services.start_query(is_in_doubt=True)
        try:
            return self._services.observations(query, self._most_rows)
        except UpstreamUnavailable:
            return rows

    def _read_parts(
        self, query: PedigreeQuery, known: Mapping[bytes, str], rows: Mapping[int, int], parts: int
    ) -> PagedAnswer | None:
        """The rows of one program, asked for in parts by observation; None where it can't be cut.

        They are held against the service's count of all of them, since a row without an observation is in none.
        """
        pieces = query.by_observation(rows, max(parts, 2))
        if len(pieces) == 1:
            return None
        whole = PagedAnswer(query, known)
        waiting = list(reversed(pieces))
        taken = 0
        while waiting:
            piece = waiting.pop()
            smaller = piece.by_observation(rows, 2)
            self._services.start_query(can_ask_less=len(smaller) > 1)
            can_be_smaller = len(smaller) > 1
            try:
                answer = self._services.read(piece, known, self._most_rows, only_one_page=can_be_smaller)
            except TooMuch:
                if not can_be_smaller:
                    raise
                answer = None
            if can_be_smaller and (answer is None or answer.is_first_page_only or answer.lost_between_pages):
                waiting.extend(reversed(smaller))
                continue
            assert answer is not None
            whole.add(answer)
            taken += 1
        whole.total = self._services.count(query)
        if not completeness_of(whole).problems:
            self.sizes.parts[query.instrument, query.programs[0]] = taken
        return whole

    def _smaller(
        self,
        query: PedigreeQuery,
        known: Callable[[PedigreeQuery], Mapping[bytes, str]],
        *,
        is_first: bool,
    ) -> list[PedigreeQuery]:
        """The same in halves, the last to be asked first.

        At first one program alone shows whether the service answers at all: of the fewest known rows, and none
        that was too much alone before.
        """
        if not is_first:
            return list(reversed(query.halves()))
        counts = Counter(parse_product_name(filename).program for filename in known(query).values())
        were_too_much = {program for instrument, program in self.sizes.parts if instrument is query.instrument}
        least = min(query.programs, key=lambda program: (program in were_too_much, counts[program]))
        others = query.of(tuple(program for program in query.programs if program != least))
        halves = others.halves() if len(others.programs) > 1 else (others,)
        return [*reversed(halves), query.of((least,))]

    def _parts_of(
        self, found: Completeness, known: Callable[[PedigreeQuery], Mapping[bytes, str]]
    ) -> Iterator[Part]:
        warnings = self._services.warnings(found.answer.query.instrument)
        if found.is_of_single_programs:
            yield from found.parts(lambda part: known(part).values(), warnings, self._requests())
        else:
            yield found.whole(warnings, self._requests())

    def _stood_in(self, query: PedigreeQuery, problem: str) -> Fetched[Product]:
        """No answer, and why; with what the search of file sets has, where that stands in."""
        if self._fallback is None or query.only_stale:
            return _unanswered(problem, self._requests())
        try:
            found = tuple(self._fallback.file_sets(query.instrument, query.programs))
        except UpstreamUnavailable as error:
            return _unanswered(f"{problem}; {error}", self._requests())
        return replace(_unanswered(problem, self._requests()), file_sets=found)

    def _note_failure(self, instrument: Instrument, error: UpstreamUnavailable) -> None:
        if isinstance(error, UpstreamRefused):
            # A refusal is an answer: the next question may well be served.
            self._outages.answered(instrument)
        else:
            self._outages.failed(instrument)

    def _requests(self) -> int:
        """How many requests there were since this was asked before."""
        made = self._services.requests + (self._fallback.requests if self._fallback else 0)
        before, self._requests_counted = self._requests_counted, made
        return self._requests_counted - before


class Outages:
    """What became of the queries so far.

    A service rests after two failed queries in a row. The others are not held to it.
    When queries of two services failed one after the other, MAST as a whole is in doubt: then each service gets
    one query of one attempt. The first answer ends the doubt.
    """

    def __init__(self) -> None:
        self._failures: Counter[Instrument] = Counter()
        self._failed_in_a_row: set[Instrument] = set()

    def answered(self, instrument: Instrument) -> None:
        """A query got an answer, be it a refusal."""
        self._failures[instrument] = 0
        self._failed_in_a_row.clear()

    def failed(self, instrument: Instrument) -> None:
        """A query got no usable answer within its limits."""
        self._failures[instrument] += 1
        self._failed_in_a_row.add(instrument)

    @property
    def is_in_doubt(self) -> bool:
        """Whether MAST as a whole may be down."""
        return len(self._failed_in_a_row) >= _SERVICES_BEFORE_DOUBT

    def rests(self, instrument: Instrument) -> bool:
        """Whether the instrument's service is not to be asked now."""
        return self._failures[instrument] >= (1 if self.is_in_doubt else _FAILURES_BEFORE_REST)


def _unanswered(problem: str, requests: int = 0) -> Fetched[Product]:
    return Fetched((), is_complete=False, problems=(problem,), requests=requests)


def _observations(filenames: Iterable[str]) -> Counter[int]:
    """Observation -> how many of some files."""
    found = (parse_product_name(filename).observation for filename in filenames)
    return Counter(number for number in found if number is not None)
