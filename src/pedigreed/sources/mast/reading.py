"""What was read of one query so far, and whether it adds up to a complete answer."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from pedigreed.model.failure import Unreadable
from pedigreed.model.fetched import Fetched
from pedigreed.sources.mast.row import archived_at, product_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from msgspec import Raw

    from pedigreed.model.product import Product
    from pedigreed.sources.mast.envelope import Page
    from pedigreed.sources.mast.query import PedigreeQuery

_FILTER_SLACK = timedelta(minutes=1)


@dataclass(slots=True)
class Reading:
    """Takes the pages of one query, one after the other.

    Attributes:
        query: what was asked.
        known: fingerprint -> file name of the rows that need no second reading.
        total: how many rows the service says there are; None until it says so.
        rows: how many rows came.
        pages: how many pages the service says there are.
    """

    query: PedigreeQuery
    known: Mapping[bytes, str]
    total: int | None = None
    rows: int = 0
    pages: int = 1
    _products: dict[str, Product] = field(default_factory=dict)
    _unchanged: set[str] = field(default_factory=set)
    _twice: Counter[str] = field(default_factory=Counter)
    _unreadable: list[str] = field(default_factory=list)
    _strangers: int = 0
    _too_old: int = 0
    _problems: list[str] = field(default_factory=list)

    def take(self, page: Page, number: int) -> None:
        """Take the page that was asked for as `number`, counted from 1."""
        if page.number is not None and page.number != number:
            self._problems.append(f"page {number} was asked for, and page {page.number} came")
        if page.total is not None:
            if self.total is not None and page.total != self.total:
                self._problems.append(
                    f"the number of rows changed from {self.total:,} to {page.total:,} while they were read"
                )
            self.total = page.total
        self.pages = max(self.pages, page.pages)
        self.rows += len(page.rows)
        for row in page.rows:
            self._take_row(page, row)

    def result(self, warnings: tuple[str, ...], requests: int) -> Fetched[Product]:
        """The answer, complete only if everything adds up."""
        problems = [*self._problems]
        if self.total is None:
            problems.append("the service did not say how many rows there are")
        elif self.rows != self.total:
            problems.append(f"{self.rows:,} rows came, and the service counts {self.total:,}")
        if self._twice:
            first = min(self._twice)
            problems.append(f"{self._twice.total():,} rows came twice, {first} among them")
        if self._unreadable:
            problems.append(f"{len(self._unreadable):,} rows can't be read: {self._unreadable[0]}")
        if self._strangers:
            problems.append(f"{self._strangers:,} rows are of programs that were not asked for")
        return Fetched(
            items=tuple(self._products.values()),
            is_complete=not problems,
            unchanged=frozenset(self._unchanged),
            problems=tuple(problems),
            warnings=warnings,
            requests=requests,
            rows=self.rows,
            ignored_limits=self._too_old > 0,
        )

    def _take_row(self, page: Page, row: Raw) -> None:
        """Take a row. One whose bytes are known is not read, unless the service may have ignored the limit."""
        fingerprint = page.fingerprint(row)
        filename = self.known.get(fingerprint)
        if filename is not None and self.query.is_sweep:
            self._take_unchanged(filename)
            return
        values = page.read(row)
        if self._is_too_old(values):
            self._too_old += 1
        if filename is not None:
            self._take_unchanged(filename)
            return
        try:
            self._take_product(product_of(values, self.query.instrument, fingerprint))
        except Unreadable as error:
            self._unreadable.append(str(error))

    def _take_unchanged(self, filename: str) -> None:
        if filename in self._unchanged or filename in self._products:
            self._twice[filename] += 1
        self._unchanged.add(filename)

    def _take_product(self, product: Product) -> None:
        if product.program not in self.query.programs:
            self._strangers += 1
        elif product.filename in self._products or product.filename in self._unchanged:
            self._twice[product.filename] += 1
        else:
            self._products[product.filename] = product

    def _is_too_old(self, values: Mapping[str, object]) -> bool:
        if self.query.archived_since is None:
            return False
        archived = archived_at(values)
        return archived is not None and archived < self.query.archived_since - _FILTER_SLACK
