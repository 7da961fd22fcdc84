"""MAST as a source of products: what it has of some programs, and whether the answer is all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pedigreed.model.coverage import Fetched
from pedigreed.model.failure import UpstreamRefused, UpstreamUnavailable
from pedigreed.sources.mast.answer import completeness_of
from pedigreed.sources.mast.keyword_services import KeywordServices, LimitRefused
from pedigreed.sources.mast.outages import Outages
from pedigreed.sources.mast.patience import Patience

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from types import TracebackType

    from pedigreed.model.instrument import Instrument
    from pedigreed.model.product import Product
    from pedigreed.sources.mast.answer import Completeness, Part
    from pedigreed.sources.mast.portal import Portal
    from pedigreed.sources.mast.query import PedigreeQuery

PAGE_ROWS = 50_000


class MastArchive:
    """Reads pedigree from MAST's keyword services, politely and with proof of completeness.

    Use as a context manager. One instance is used by one thread, for one cycle; its requests are serial.
    Which services did not answer and which columns they refuse is forgotten with it.
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
        self._asking: KeywordServices | None = None
        self._outages = Outages()
        self._requests_told = 0

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

    def answers(
        self, query: PedigreeQuery, known: Callable[[PedigreeQuery], Mapping[bytes, str]]
    ) -> Iterator[Part]:
        """Answer a query, in parts where it has several programs.

        A part is of at most a page of rows. A program whose own rows are unreadable or came twice is a part of its
        own. An answer that does not add up otherwise is asked again in halves, so that the trouble ends at the
        program that it is of: at most as often as leads to two programs.

        It raises nothing: a part that could not be asked is incomplete and says why.

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
        while waiting:
            part = waiting.pop()
            if self._outages.rests(part.instrument):
                yield part, _unanswered("not asked: the service did not answer before")
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
                self._note_failure(part.instrument, error)
                yield part, _unanswered(str(error), self._requests())
                continue
            told = self._told(found, known)
            # Its rows need not stay in memory while the next are read.
            del found
            yield from told
            del told

    def programs_with_data(self, instrument: Instrument, programs: Iterable[int]) -> frozenset[int]:
        """Which of some programs have any row in an instrument's service, in few and small requests.

        Raises:
            UpstreamUnavailable: it did not answer within the limits.
        """
        self._services.start_query()
        return self._services.programs_with_rows(instrument, programs)

    @property
    def _services(self) -> KeywordServices:
        if self._asking is None:
            if self._opened is None:
                from pedigreed.sources.mast.portal import Portal  # noqa: PLC0415  # importing it takes seconds

                self._opened = Portal(self._url, self._user_agent, self._patience, self._token)
            self._asking = KeywordServices(self._opened, self._page_rows)
        return self._asking

    def _ask(
        self, query: PedigreeQuery, known: Callable[[PedigreeQuery], Mapping[bytes, str]]
    ) -> Completeness | None:
        """Ask one query; None where it is too large for one. Raises as `KeywordServices.count`."""
        services = self._services
        services.start_query(is_in_doubt=self._outages.is_in_doubt)
        if not query.is_sweep and not services.has_limits(query.instrument):
            query = query.whole
        count = services.count(query) if query.is_sweep else None
        if count is not None and count > self._page_rows and len(query.programs) > 1:
            return None
        found = completeness_of(services.read(query, known(query), count))
        if found.may_hide_a_gap:
            found = found.held_against(services.count(found.sound), known(found.sound).values())
        if found.answer.strangers:
            # It does not heed what it is asked. To go on would bring the whole archive, again and again.
            self._outages.failed(query.instrument)
        else:
            self._outages.answered(query.instrument)
        return found

    def _told(self, found: Completeness, known: Callable[[PedigreeQuery], Mapping[bytes, str]]) -> Iterator[Part]:
        warnings = self._services.warnings(found.answer.query.instrument)
        if found.is_of_single_programs:
            yield from found.parts(lambda part: known(part).values(), warnings, self._requests())
        else:
            yield found.whole(warnings, self._requests())

    def _note_failure(self, instrument: Instrument, error: UpstreamUnavailable) -> None:
        if isinstance(error, UpstreamRefused):
            # A refusal is an answer: the next question may well be served.
            self._outages.answered(instrument)
        else:
            self._outages.failed(instrument)

    def _requests(self) -> int:
        """How many requests there were since this was asked before."""
        before, self._requests_told = self._requests_told, self._services.requests
        return self._requests_told - before


def _unanswered(problem: str, requests: int = 0) -> Fetched[Product]:
    return Fetched((), is_complete=False, problems=(problem,), requests=requests)
