"""One answer of a keyword service: its pages as they are read, and whether they add up.

A row that can't be read or came twice is the trouble of its own program, where that is known. The other programs
of the query are as complete as without it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING

from pedigreed.model.coverage import Fetched
from pedigreed.model.failure import Unreadable
from pedigreed.model.product_name import parse_product_name
from pedigreed.sources.mast.query import NEEDED_TO_TELL, columns_filled, spelt_as_asked
from pedigreed.sources.mast.row import archived_at, check_keys, product_of, program_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from pedigreed.model.product import Product
    from pedigreed.sources.mast.envelope import Page
    from pedigreed.sources.mast.query import PedigreeQuery

Part = tuple["PedigreeQuery", Fetched["Product"]]

_FILTER_SLACK = timedelta(minutes=1)
_MOST_PAGES_UNSAID = 64
_ENOUGH_ROWS = 10
"""So many rows without a value in a column say something of the service, and not of the rows."""


@dataclass(slots=True)
class PagedAnswer:
    """The pages of one query, taken one after the other.

    Attributes:
        query: what was asked.
        known: fingerprint -> file name of the rows that need not be read again.
        total: how many rows the service says there are; None until it says so.
        rows: how many rows came.
        taken: how many pages came.
        is_first_page_only: whether more pages are there, and were not asked for.
        pages: how many pages the service says there are; None where it does not say.
        products: file name -> product, of the rows that were not known.
        unchanged: the file name of each known row.
        again: products of rows whose file name came before.
        unreadable: program -> why each of its rows can't be read; None for rows that name no program.
        odd: column -> what is odd about each of its values that were left out.
        strangers: how many rows are of programs that were not asked for.
        others: how many rows are of other programs, where the question named none.
        too_old: how many rows are older than the query's limit.
        paging_problems: what did not fit between pages.
        filled: the columns that had a value in any row that was read.
        columns: those that a row had, be it with null, of the first rows that were read.
        notes: what was odd in reading the pages.
    """

    query: PedigreeQuery
    known: Mapping[bytes, str]
    total: int | None = None
    rows: int = 0
    taken: int = 0
    is_first_page_only: bool = False
    pages: int | None = None
    products: dict[str, Product] = field(default_factory=dict)
    unchanged: list[str] = field(default_factory=list)
    again: list[Product] = field(default_factory=list)
    unreadable: dict[int | None, list[str]] = field(default_factory=lambda: defaultdict(list))
    odd: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    strangers: int = 0
    others: int = 0
    too_old: int = 0
    paging_problems: list[str] = field(default_factory=list)
    filled: set[str] = field(default_factory=set)
    columns: set[str] = field(default_factory=set)
    notes: dict[str, None] = field(default_factory=dict)
    _programs: frozenset[int] = field(init=False)
    _last_page: list[bytes] = field(default_factory=list)
    _brings_nothing: bool = False
    _first_number: int = 1

    def __post_init__(self) -> None:
        self._programs = frozenset(self.query.programs)

    def take(self, page: Page, number: int, required: AbstractSet[str] = frozenset()) -> None:
        """Take the page that was asked for as `number`, counted from 1. Its rows must have the required keys."""
        self._take_paging(page, number)
        fingerprints = list(map(page.fingerprint, page.rows))
        self._brings_nothing = fingerprints in ([], self._last_page)
        self._last_page = fingerprints
        filenames = list(map(self.known.get, fingerprints))
        self.unchanged.extend(filter(None, filenames))
        reads_all = not self.query.is_sweep
        for row, fingerprint, filename in zip(page.rows, fingerprints, filenames, strict=True):
            if filename is not None and not reads_all:
                continue
            try:
                values = spelt_as_asked(page.read(row))
            except Unreadable as error:
                self.unreadable[None].append(str(error))
                continue
            if self._is_too_old(values):
                self.too_old += 1
            if filename is None:
                self._read(values, fingerprint, required)

    @property
    def expects_more(self) -> bool:
        """Whether there is another page to ask for. Where the service does not say, its count of rows decides."""
        if self.taken == 0:
            return self.total != 0
        if self._brings_nothing or self.strangers:
            return False
        if self.pages is not None:
            return self.taken < self.pages
        return self.total is not None and self.rows < self.total and self.taken < _MOST_PAGES_UNSAID

    @property
    def different_rows(self) -> int:
        """How many rows came, each product counted once."""
        unreadable = sum(map(len, self.unreadable.values()))
        return len(self.products.keys() | set(self.unchanged)) + unreadable + self.strangers + self.others

    @property
    def unfilled(self) -> frozenset[str]:
        """The columns that something hangs on, and that none of the rows had a value in, if they were not few."""
        if len(self.products) < _ENOUGH_ROWS:
            return frozenset()
        return frozenset(NEEDED_TO_TELL) - self.filled

    @property
    def lost_between_pages(self) -> bool:
        """Whether rows are missing, or said to be, that may stand where pages overlap."""
        return self.taken > 1 and self.different_rows != self.total

    def add(self, part: PagedAnswer) -> None:
        """Take the answer to a part of the query, whose last page was taken."""
        self.rows += part.rows
        self.taken += part.taken
        for filename, product in part.products.items():
            if filename in self.products:
                self.again.append(product)
            else:
                self.products[filename] = product
        self.unchanged += part.unchanged
        self.again += part.again
        for program, reasons in part.unreadable.items():
            self.unreadable[program] += reasons
        for column, problems in part.odd.items():
            self.odd[column] += problems
        self.strangers += part.strangers
        self.others += part.others
        self.too_old += part.too_old
        self.filled |= part.filled
        self.columns |= part.columns
        self.notes |= part.notes
        self.paging_problems += completeness_of(part).problems

    def _take_paging(self, page: Page, number: int) -> None:
        if page.note:
            self.notes[page.note] = None
        # An empty table may say that it is page 0, and a service may count its pages from there.
        if number == 1 and page.number is not None:
            self._first_number = min(page.number, 1)
        if page.rows and page.number is not None and page.number != number - 1 + self._first_number:
            self.paging_problems.append(f"page {number} was asked for, and page {page.number} came")
        if page.total is not None:
            if self.total is not None and page.total != self.total:
                self.paging_problems.append(
                    f"the number of rows changed from {self.total:,} to {page.total:,} while they were read"
                )
            self.total = page.total
        if page.pages is not None:
            self.pages = max(self.pages or 0, page.pages)
        self.taken += 1
        self.rows += len(page.rows)

    def _read(self, values: Mapping[str, object], fingerprint: bytes, required: AbstractSet[str]) -> None:
        try:
            check_keys(values, required)
            if len(self.filled) < len(NEEDED_TO_TELL):
                self.filled.update(columns_filled(values))
            if len(self.products) < _ENOUGH_ROWS:
                self.columns.update(values)
            product = product_of(values, self.query.instrument, fingerprint, self._keep_odd)
        except Unreadable as error:
            program = program_of(values)
            self.unreadable[program if program in self._programs else None].append(str(error))
            return
        if product.program not in self._programs:
            if self.query.names_programs:
                self.strangers += 1
            else:
                self.others += 1
        elif product.filename in self.products:
            self.again.append(product)
        else:
            self.products[product.filename] = product

    def _keep_odd(self, column: str, problem: str) -> None:
        self.odd[column].append(problem)

    def _is_too_old(self, values: Mapping[str, object]) -> bool:
        if self.query.archived_since is None:
            return False
        archived = archived_at(values)
        return archived is not None and archived < self.query.archived_since - _FILTER_SLACK


@dataclass(frozen=True, slots=True)
class Completeness:
    """Whether one answer is complete, and what is wrong with it if not.

    Attributes:
        answer: the answer.
        problems: of the answer as a whole; it may lack anything.
        troubles: program -> its own problems; only that program's part may lack something.
        has_doubles: whether rows came twice. Then others may be missing, and the count hides it.
    """

    answer: PagedAnswer
    problems: tuple[str, ...]
    troubles: Mapping[int, tuple[str, ...]]
    has_doubles: bool

    @property
    def sound(self) -> PedigreeQuery:
        """The question less the programs that are in trouble."""
        programs = tuple(program for program in self.answer.query.programs if program not in self.troubles)
        return replace(self.answer.query, programs=programs)

    @property
    def is_of_single_programs(self) -> bool:
        """Whether all trouble is of single programs, and there are others."""
        return not self.problems and bool(self.troubles) and len(self.answer.query.programs) > 1

    @property
    def can_end_at_a_program(self) -> bool:
        """Whether it helps to ask again in halves: something is wrong, and it may be of a few programs only."""
        return bool(self.problems) and not self.answer.strangers and len(self.answer.query.programs) > 1

    @property
    def may_hide_a_gap(self) -> bool:
        """Whether a row that came twice may stand in the count for one of another program that did not come."""
        return self.has_doubles and self.is_of_single_programs and bool(self.sound.programs)

    def held_against(self, count: int | None, filenames: Collection[str]) -> Completeness:
        """The same with what a count of the sound programs says, whose known files these are.

        `count` is None where the service does not count.
        """
        _, sound = self._part(self.sound, (), filenames)
        if sound.rows == count:
            return self
        said = "does not count" if count is None else f"counts {count:,}"
        gap = f"{_rows(sound.rows)} came of the programs without doubles, and the service {said}"
        return replace(self, problems=(*self.problems, gap))

    def whole(self, warnings: tuple[str, ...], requests: int) -> Part:
        """The answer in one part."""
        problems = (*self.problems, *chain.from_iterable(self.troubles.values()))
        return self.answer.query, Fetched(
            items=tuple(_items(self.answer)),
            is_complete=not problems,
            unchanged=frozenset(self.answer.unchanged),
            problems=problems,
            warnings=(*warnings, *_oddities(self.answer)),
            requests=requests,
            rows=self.answer.rows,
            ignored_limits=self.answer.too_old > 0,
            filled=frozenset(self.answer.filled),
            unfilled=self.answer.unfilled,
            columns=frozenset(self.answer.columns),
        )

    def parts(
        self, filenames: Callable[[PedigreeQuery], Collection[str]], warnings: tuple[str, ...], requests: int
    ) -> Iterator[Part]:
        """The answer in a part for the sound programs, if there are any, and one for each in trouble.

        Args:
            filenames: the known files of a part.
            warnings: of the service; they and the oddities are told with the first part.
            requests: how many it took; they are told with the first part.
        """
        parts: list[tuple[PedigreeQuery, tuple[str, ...]]] = [(self.sound, ())] if self.sound.programs else []
        parts += [(replace(self.sound, programs=(program,)), said) for program, said in self.troubles.items()]
        for number, (query, problems) in enumerate(parts):
            part, fetched = self._part(query, problems, filenames(query))
            if number == 0:
                fetched = replace(
                    fetched,
                    warnings=(*warnings, *_oddities(self.answer)),
                    requests=requests,
                    filled=frozenset(self.answer.filled),
                    unfilled=self.answer.unfilled,
                    columns=frozenset(self.answer.columns),
                )
            yield part, fetched

    def _part(self, query: PedigreeQuery, problems: tuple[str, ...], filenames: Collection[str]) -> Part:
        answer = self.answer
        known = frozenset(filenames)
        unchanged = [filename for filename in answer.unchanged if filename in known]
        rows = len(unchanged) + sum(
            product.program in query.programs for product in chain(answer.products.values(), answer.again)
        )
        return query, Fetched(
            items=tuple(product for product in _items(answer) if product.program in query.programs),
            is_complete=not problems,
            unchanged=frozenset(unchanged),
            problems=problems,
            rows=rows + sum(len(answer.unreadable.get(program, ())) for program in query.programs),
            ignored_limits=answer.too_old > 0,
        )


def completeness_of(answer: PagedAnswer) -> Completeness:
    """What is wrong with an answer whose last page was taken."""
    problems = [*answer.paging_problems]
    if answer.total is None:
        problems.append("the service did not say how many rows there are")
    is_whole = answer.different_rows == answer.total
    if answer.total is not None and not is_whole and answer.rows != answer.total:
        came = f"{_rows(answer.rows)} came"
        if answer.different_rows < answer.rows:
            came = f"{came}, {answer.different_rows:,} of them different"
        problems.append(f"{came}, and the service counts {answer.total:,}")
    troubles: dict[int | None, list[str]] = defaultdict(list)
    # Pages that overlap bring a row twice. Where every product came, that does no harm.
    doubles = _contradicted(answer) if is_whole else _doubles(answer)
    for program, filenames in doubles.items():
        troubles[program].append(f"{_rows(len(filenames))} came twice, {min(filenames)} among them")
    for program, reasons in answer.unreadable.items():
        troubles[program].append(f"{_rows(len(reasons))} can't be read: {reasons[0]}")
    problems += troubles.pop(None, [])
    if answer.strangers:
        problems.append(f"{_rows(answer.strangers)} came of programs that were not asked for")
    return Completeness(
        answer=answer,
        problems=tuple(problems),
        troubles={program: tuple(troubles[program]) for program in sorted(filter(None, troubles))},
        has_doubles=bool(doubles) and not is_whole,
    )


def _items(answer: PagedAnswer) -> Iterator[Product]:
    """What came that was not known, less what two rows say differently: nothing can be said of it."""
    contradicted = {filename for filenames in _contradicted(answer).values() for filename in filenames}
    return (product for filename, product in answer.products.items() if filename not in contradicted)


def _contradicted(answer: PagedAnswer) -> dict[int | None, list[str]]:
    """Program -> the file names of products of which two rows say different things."""
    filenames = {
        product.filename
        for product in answer.again
        if not product.pedigree.same_as(answer.products[product.filename].pedigree)
    }.union(answer.products.keys() & set(answer.unchanged))
    contradicted: dict[int | None, list[str]] = defaultdict(list)
    for filename in sorted(filenames):
        contradicted[answer.products[filename].program].append(filename)
    return contradicted


def _doubles(answer: PagedAnswer) -> dict[int | None, list[str]]:
    """Program -> the file name of each row that came once too often; None where it can't be told whose it is."""
    came = len(answer.unchanged) + len(answer.products) + len(answer.again)
    if came == len(set(answer.unchanged).union(answer.products)):
        return {}
    again = (product.filename for product in answer.again)
    times = Counter(chain(answer.unchanged, answer.products, again))
    doubles: dict[int | None, list[str]] = defaultdict(list)
    for filename, count in times.items():
        if count > 1:
            product = answer.products.get(filename)
            program = product.program if product else parse_product_name(filename).program
            doubles[program if program in answer.query.programs else None] += [filename] * (count - 1)
    return doubles


def _oddities(answer: PagedAnswer) -> Iterator[str]:
    yield from answer.notes
    for column, problems in answer.odd.items():
        yield f"{_rows(len(problems))} taken without {column}: {problems[0]}"


def _rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number:,} rows"
