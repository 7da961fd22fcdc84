"""What was read of one query so far, and whether it adds up to a complete answer."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING

from pedigreed.model.failure import Unreadable
from pedigreed.model.fetched import Fetched
from pedigreed.sources.mast.row import archived_at, product_of

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    _unchanged: list[str] = field(default_factory=list)
    _repeated: list[str] = field(default_factory=list)
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
        fingerprints = list(map(page.fingerprint, page.rows))
        filenames = list(map(self.known.get, fingerprints))
        self._unchanged.extend(filter(None, filenames))
        reads_all = not self.query.is_sweep
        for row, fingerprint, filename in zip(page.rows, fingerprints, filenames, strict=True):
            if filename is None or reads_all:
                self._read(page.read(row), fingerprint, is_known=filename is not None)

    def result(self, warnings: tuple[str, ...], requests: int) -> Fetched[Product]:
        """The answer, complete only if everything adds up."""
        problems = [*self._problems]
        unchanged = frozenset(self._unchanged)
        came = len(self._unchanged) + len(self._products) + len(self._repeated)
        twice = came - len(unchanged.union(self._products))
        if self.total is None:
            problems.append("the service did not say how many rows there are")
        elif self.rows != self.total:
            problems.append(f"{self.rows:,} rows came, and the service counts {self.total:,}")
        if twice:
            problems.append(f"{twice:,} rows came twice, {self._first_repeated()} among them")
        if self._unreadable:
            problems.append(f"{len(self._unreadable):,} rows can't be read: {self._unreadable[0]}")
        if self._strangers:
            problems.append(f"{self._strangers:,} rows are of programs that were not asked for")
        return Fetched(
            items=tuple(product for filename, product in self._products.items() if filename not in unchanged),
            is_complete=not problems,
            unchanged=unchanged,
            problems=tuple(problems),
            warnings=warnings,
            requests=requests,
            rows=self.rows,
            ignored_limits=self._too_old > 0,
        )

    def _read(self, values: Mapping[str, object], fingerprint: bytes, *, is_known: bool) -> None:
        """Read a row. One whose bytes are known is read only to see whether the service ignored the limit."""
        if self._is_too_old(values):
            self._too_old += 1
        if is_known:
            return
        try:
            product = product_of(values, self.query.instrument, fingerprint)
        except Unreadable as error:
            self._unreadable.append(str(error))
            return
        if product.program not in self.query.programs:
            self._strangers += 1
        elif product.filename in self._products:
            self._repeated.append(product.filename)
        else:
            self._products[product.filename] = product

    def _first_repeated(self) -> str:
        counted = Counter(chain(self._unchanged, self._products, self._repeated))
        return min(filename for filename, times in counted.items() if times > 1)

    def _is_too_old(self, values: Mapping[str, object]) -> bool:
        if self.query.archived_since is None:
            return False
        archived = archived_at(values)
        return archived is not None and archived < self.query.archived_since - _FILTER_SLACK
