"""Whether what was read adds up: as a whole, and for each program of it.

A row that can't be read or came twice is the trouble of its own program, where that is known. The others of the
query are as complete as without it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

from pedigreed.model.fetched import Fetched
from pedigreed.model.product_name import parse_product_name

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from pedigreed.model.product import Product
    from pedigreed.sources.mast.query import PedigreeQuery
    from pedigreed.sources.mast.reading import Reading

Part = tuple["PedigreeQuery", Fetched["Product"]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong with one answer.

    Attributes:
        reading: the answer.
        problems: of the answer as a whole; it may lack anything.
        troubles: program -> its own problems; only that program's part may lack something.
        has_doubles: whether rows came twice. Then others may be missing, and the count hides it.
    """

    reading: Reading
    problems: tuple[str, ...]
    troubles: Mapping[int, tuple[str, ...]]
    has_doubles: bool

    @property
    def sound(self) -> PedigreeQuery:
        """The question less the programs that are in trouble."""
        programs = tuple(program for program in self.reading.query.programs if program not in self.troubles)
        return replace(self.reading.query, programs=programs)

    @property
    def is_of_single_programs(self) -> bool:
        """Whether all trouble is of single programs, and there are others."""
        return not self.problems and bool(self.troubles) and len(self.reading.query.programs) > 1

    @property
    def can_end_at_a_program(self) -> bool:
        """Whether it helps to ask again in halves: something is wrong, and it may be of a few programs only."""
        return bool(self.problems) and not self.reading.strangers and len(self.reading.query.programs) > 1

    @property
    def may_hide_a_gap(self) -> bool:
        """Whether a row that came twice may stand in the count for one of another program that did not come."""
        return self.has_doubles and self.is_of_single_programs and bool(self.sound.programs)

    def held_against(self, count: int, filenames: Collection[str]) -> Verdict:
        """The same with what a count of the sound programs says, whose known files these are."""
        _, sound = self._part(self.sound, (), filenames)
        if sound.rows == count:
            return self
        gap = f"{_rows(sound.rows)} came of the programs without doubles, and the service counts {count:,}"
        return replace(self, problems=(*self.problems, gap))

    def whole(self, warnings: tuple[str, ...], requests: int) -> Part:
        """The answer in one part."""
        problems = (*self.problems, *chain.from_iterable(self.troubles.values()))
        return self.reading.query, Fetched(
            items=tuple(_items(self.reading)),
            is_complete=not problems,
            unchanged=frozenset(self.reading.unchanged),
            problems=problems,
            warnings=(*warnings, *_oddities(self.reading)),
            requests=requests,
            rows=self.reading.rows,
            ignored_limits=self.reading.too_old > 0,
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
                told = (*warnings, *_oddities(self.reading))
                fetched = replace(fetched, warnings=told, requests=requests)
            yield part, fetched

    def _part(self, query: PedigreeQuery, problems: tuple[str, ...], filenames: Collection[str]) -> Part:
        reading = self.reading
        known = frozenset(filenames)
        unchanged = [filename for filename in reading.unchanged if filename in known]
        rows = len(unchanged) + sum(
            product.program in query.programs for product in chain(reading.products.values(), reading.again)
        )
        return query, Fetched(
            items=tuple(product for product in _items(reading) if product.program in query.programs),
            is_complete=not problems,
            unchanged=frozenset(unchanged),
            problems=problems,
            rows=rows + sum(len(reading.unreadable.get(program, ())) for program in query.programs),
            ignored_limits=reading.too_old > 0,
        )


def verdict_on(reading: Reading) -> Verdict:
    """Judge an answer whose last page was taken."""
    problems = [*reading.paging_problems]
    if reading.total is None:
        problems.append("the service did not say how many rows there are")
    elif reading.rows != reading.total:
        problems.append(f"{_rows(reading.rows)} came, and the service counts {reading.total:,}")
    troubles: dict[int | None, list[str]] = defaultdict(list)
    doubles = _doubles(reading)
    for program, filenames in doubles.items():
        troubles[program].append(f"{_rows(len(filenames))} came twice, {min(filenames)} among them")
    for program, reasons in reading.unreadable.items():
        troubles[program].append(f"{_rows(len(reasons))} can't be read: {reasons[0]}")
    problems += troubles.pop(None, [])
    if reading.strangers:
        problems.append(f"{_rows(reading.strangers)} came of programs that were not asked for")
    return Verdict(
        reading=reading,
        problems=tuple(problems),
        troubles={program: tuple(troubles[program]) for program in sorted(filter(None, troubles))},
        has_doubles=bool(doubles),
    )


def _items(reading: Reading) -> Iterator[Product]:
    """What came that was not known, less what two rows say differently: nothing can be said of it."""
    contradicted = {
        product.filename
        for product in reading.again
        if not product.pedigree.same_as(reading.products[product.filename].pedigree)
    }.union(reading.unchanged)
    return (product for filename, product in reading.products.items() if filename not in contradicted)


def _doubles(reading: Reading) -> dict[int | None, list[str]]:
    """Program -> the file name of each row that came once too often; None where it can't be told whose it is."""
    came = len(reading.unchanged) + len(reading.products) + len(reading.again)
    if came == len(set(reading.unchanged).union(reading.products)):
        return {}
    again = (product.filename for product in reading.again)
    times = Counter(chain(reading.unchanged, reading.products, again))
    doubles: dict[int | None, list[str]] = defaultdict(list)
    for filename, count in times.items():
        if count > 1:
            product = reading.products.get(filename)
            program = product.program if product else parse_product_name(filename).program
            doubles[program if program in reading.query.programs else None] += [filename] * (count - 1)
    return doubles


def _oddities(reading: Reading) -> Iterator[str]:
    for column, problems in reading.odd.items():
        yield f"{_rows(len(problems))} taken without {column}: {problems[0]}"


def _rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number:,} rows"
