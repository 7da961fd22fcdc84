"""A simulated year, in words."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from benchmarks.verdicts import Row, mb, most

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.figures import SimulatedYear, YearDay

_MOST_GROWTH = 1.15


def simulated_year_rows(found: SimulatedYear) -> list[Row]:
    first, last = (_middle(month, lambda day: day.cycle) for month in (found.first_month, found.last_month))
    return [
        most(
            "a year of 500 subscriptions: a cycle of its last month, against its first", last / first, _MOST_GROWTH
        ),
        ("the store after that year, MB", f"{found.days[-1].store / 1e6:.0f}", "", ""),
    ]


def simulated_year_words(found: SimulatedYear) -> str:
    first, last = found.first_month, found.last_month
    busiest = max(found.days[1:], key=lambda day: day.digests)
    months = found.days[found.month :: found.month]
    return (
        f"{found.subscriptions} subscriptions to a program of 20 products each on an SQLite file, an asking over "
        f"HTTP on loopback and a telling a day; {len(found.days) - 1} days, every one of them played, by the "
        f"benchmark's clock. On most days {first[0].changes} products of {first[0].digests} programs are made "
        f"anew; in {found.campaigns} campaigns of ten days {busiest.changes:,} a day, with {busiest.digests} "
        f"digests. The middle one of the cycles of a month takes {_cycle(first)} in the first and {_cycle(last)} "
        "in the last, in seconds of the processor. In the year "
        f"{sum(day.changes for day in found.days):,} changes were told in "
        f"{sum(day.digests for day in found.days[1:]):,} digests. At the ends of the months the store had "
        f"{', '.join(f'{day.store / 1e6:.0f}' for day in months)} MB; after the first look "
        f"{mb(found.days[0].store)}. Before each subscription's last period was looked up for itself, on a "
        "loaded machine, the last month took 1.72 times the first. What was told is passed over since: to find "
        "what is to be told took 5 times as long in the last month as in the first, and 1.8 times now. What "
        "still grows is what the archive holds, and not its history: the products of a program have three times "
        "as many pedigrees by then, since each day of the year has a context of its own here."
    )


def _cycle(month: Sequence[YearDay]) -> str:
    asking, telling = _middle(month, lambda day: day.asking), _middle(month, lambda day: day.telling)
    return f"{asking:.2f} s to ask and {telling:.2f} s to tell"


def _middle(days: Sequence[YearDay], figure: Callable[[YearDay], float]) -> float:
    return median(map(figure, days))
