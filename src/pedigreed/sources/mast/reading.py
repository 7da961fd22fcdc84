"""What was read of one query so far: its rows, and what is wrong with which of them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from pedigreed.model.failure import Unreadable
from pedigreed.sources.mast.row import archived_at, check_keys, product_of, program_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from pedigreed.model.product import Product
    from pedigreed.sources.mast.envelope import Page
    from pedigreed.sources.mast.query import PedigreeQuery

_FILTER_SLACK = timedelta(minutes=1)
_MOST_PAGES_UNSAID = 64


@dataclass(slots=True)
class Reading:
    """Takes the pages of one query, one after the other.

    Attributes:
        query: what was asked.
        known: fingerprint -> file name of the rows that need no second reading.
        total: how many rows the service says there are; None until it says so.
        rows: how many rows came.
        taken: how many pages came.
        pages: how many pages the service says there are; None where it does not say.
        products: file name -> product, of the rows that were not known.
        unchanged: the file name of each known row.
        again: products of rows whose file name came before.
        unreadable: program -> why each of its rows can't be read; None for rows that name no program.
        odd: column -> what is odd about each of its values that were left out.
        strangers: how many rows are of programs that were not asked for.
        too_old: how many rows are older than the query's limit.
        paging_problems: what did not fit between pages.
    """

    query: PedigreeQuery
    known: Mapping[bytes, str]
    total: int | None = None
    rows: int = 0
    taken: int = 0
    pages: int | None = None
    products: dict[str, Product] = field(default_factory=dict)
    unchanged: list[str] = field(default_factory=list)
    again: list[Product] = field(default_factory=list)
    unreadable: dict[int | None, list[str]] = field(default_factory=lambda: defaultdict(list))
    odd: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    strangers: int = 0
    too_old: int = 0
    paging_problems: list[str] = field(default_factory=list)
    _last_page: list[bytes] = field(default_factory=list)
    _brings_nothing: bool = False

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
                values = page.read(row)
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

    def _take_paging(self, page: Page, number: int) -> None:
        if page.number is not None and page.number != number:
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
            product = product_of(values, self.query.instrument, fingerprint, self._keep_odd)
        except Unreadable as error:
            program = program_of(values)
            self.unreadable[program if program in self.query.programs else None].append(str(error))
            return
        if product.program not in self.query.programs:
            self.strangers += 1
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
