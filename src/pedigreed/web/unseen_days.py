"""The days on which no complete answer of the archive was had of a program, for its page and its plot. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from pedigreed.model.coverage import Gap
    from pedigreed.model.instrument import Instrument

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Unseen:
    """Days (UTC), one after the other, without a complete answer of some instruments."""

    first: date
    last: date
    instruments: tuple[Instrument, ...]


def unseen_days(
    gaps: Iterable[Gap], last_complete: Mapping[Instrument, datetime], today: date
) -> tuple[Unseen, ...]:
    """The days without a complete answer, the earliest first. Today is not over, and not among them.

    Args:
        gaps: those that ended.
        last_complete: the last complete answer of each instrument that is still asked, UTC.
        today: UTC.
    """
    missed: dict[date, set[Instrument]] = defaultdict(set)
    spans = [(gap.instrument, gap.since.date(), gap.until.date()) for gap in gaps]
    spans += [(instrument, since.date(), today) for instrument, since in last_complete.items()]
    for instrument, since, until in spans:
        day = since + _DAY
        while day < min(until, today):
            missed[day].add(instrument)
            day += _DAY
    days = sorted(missed)
    begins = [day for day in days if missed.get(day - _DAY) != missed[day]]
    ends = [day for day in days if missed.get(day + _DAY) != missed[day]]
    return tuple(
        Unseen(first, last, tuple(sorted(missed[first]))) for first, last in zip(begins, ends, strict=True)
    )
