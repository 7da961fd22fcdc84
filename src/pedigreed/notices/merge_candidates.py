"""Which announcements may be of one notice with some others. What was told long ago need not be read again then.

It errs on the side of too many: `merging` decides. It knows of each announcement what gives it a key (context,
switch, build, bad files) and its identity, whatever time is between; and for all else the time.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import timedelta
from typing import TYPE_CHECKING

from pedigreed.model.pedigree import context_number

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterator, Sequence
    from datetime import datetime

    from pedigreed.model.notice import Outline

_NEAR = timedelta(days=60)
"""Files join within 30 days, and words within 14: two steps of them."""


def merge_candidates(chosen: Collection[int], outlines: Sequence[Outline]) -> set[int]:
    """The keys of the announcements that can be of one notice with those chosen, by their keys; these included."""
    if not chosen:
        return set()
    times = sorted(each.at for each in outlines if each.key in chosen)
    numbers = sorted({number for each in outlines if (number := _number(each.context)) is not None})
    marks = {each.key: frozenset(_marks(each, numbers)) for each in outlines}
    kin = {each.key for each in outlines if not each.is_known or _is_near(each.at, times)}
    known = {mark for key in kin for mark in marks[key]}
    while more := {key for key, mine in marks.items() if key not in kin and not known.isdisjoint(mine)}:
        kin |= more
        known = {mark for key in more for mark in marks[key]}
    return kin


def _is_near(at: datetime, times: Sequence[datetime]) -> bool:
    place = bisect_left(times, at - _NEAR)
    return place < len(times) and times[place] <= at + _NEAR


def _marks(outline: Outline, numbers: Sequence[int]) -> Iterator[Hashable]:
    """What two announcements of one notice have in common, if they are not near in time."""
    yield outline.identity
    number, before = _number(outline.context), _number(outline.before)
    if number is not None and before is not None and before < number:
        yield from numbers[bisect_right(numbers, before) : bisect_right(numbers, number)]
    elif number is not None:
        yield number
    elif outline.context is not None:
        yield "context", outline.context
    if outline.cal_ver is not None:
        yield "cal_ver", outline.cal_ver
    for file in outline.files:
        yield "file", file


def _number(context: str | None) -> int | None:
    return context_number(context) if context is not None else None
