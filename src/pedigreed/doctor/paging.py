"""What is assumed of the rows that a keyword service says there are, and of its pages."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pedigreed.doctor.assumption import Assumption
from pedigreed.doctor.control import NO_PROGRAM

if TYPE_CHECKING:
    from pedigreed.doctor.assumption import Finding
    from pedigreed.doctor.control import Control


TOTAL = Assumption(
    "rows and total",
    "a page says how many rows there are, and so many different ones come",
    "JWQL's notebook of a real reply",
    "the service is asked to count; where it does not, the answer is not complete",
)


def _total(of: Control) -> Finding:
    twice = f", {of.came - len(of.rows):,} of them twice" if of.came > len(of.rows) else ""
    came = f"{len(of.rows):,} different rows{twice}, and a total of {of.total}"
    if not of.rows and not of.total:
        return TOTAL.unknown(came)
    return TOTAL.judged(of.total == len(of.rows) == of.came, came, rows=len(of.rows), total=of.total)


COUNT = Assumption(
    "count",
    "COUNT_BIG(*) gives as many rows as come",
    "JWQL counts so (2024); on another service it came as text in 2026",
    "nothing, where pages say their total: a count is asked for only where they do not",
)


def _count(of: Control) -> Finding:
    page = of.ask("COUNT_BIG(*)", size=1)
    ((name, value),) = page.read(page.rows[0]).items()
    form = type(value).__name__
    is_right = str(value) == str(len(of.rows))
    return COUNT.judged(is_right, f"{value!s:.20} as {form}, of {len(of.rows):,} rows", key=name, form=form)


EMPTY = Assumption(
    "paging of an empty answer",
    "an answer without rows says that its total is 0; it may name page 0, and have no table",
    "an old public source of the portal's software",
    "the service is asked to count before an empty answer is taken for complete",
)


def _empty(of: Control) -> Finding:
    page = of.ask("filename", programs=[str(NO_PROGRAM)])
    if page.rows:
        return EMPTY.unknown("rows of other programs came")
    came = f"{len(page.rows)} rows, page {page.number} of {page.pages}, a total of {page.total}"
    return EMPTY.judged(page.total == 0, came, page=page.number, pages=page.pages, total=page.total)


PAGES = Assumption(
    "order of pages",
    "small pages, asked for twice, have the same rows, none of them twice",
    "nothing: pages of another service overlapped in July 2026",
    "a program of many rows is asked for on one page, or by observation",
)


def _pages(of: Control) -> Finding:
    size = max(1, -(-len(of.rows) // 3))
    asked = [[of.ask("filename", page=page, size=size) for page in (1, 2, 3)] for _ in range(2)]
    turns = [[of.names(page) for page in turn] for turn in asked]
    totals = {page.total for turn in asked for page in turn}
    doubles = sum(count - 1 for count in Counter(name for page in turns[0] for name in page).values())
    came = f"{doubles} rows twice, {'the same' if turns[0] == turns[1] else 'another'} order"
    if len(totals) > 1:
        return PAGES.wrong(f"{came}, and totals that differ", doubles=doubles)
    is_right = not doubles and {name for page in turns[0] for name in page} == of.rows.keys()
    return PAGES.judged(is_right, came, doubles=doubles, is_stable=turns[0] == turns[1])


CHECKS = (
    (TOTAL, _total),
    (COUNT, _count),
    (EMPTY, _empty),
    (PAGES, _pages),
)
WITHOUT_ROWS = ((TOTAL, _total), (EMPTY, _empty))
"""What can be checked where no rows came."""
