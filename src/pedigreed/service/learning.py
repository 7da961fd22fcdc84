"""What is learnt of MAST's services while they are asked, and what follows from it the next time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pedigreed.model.instrument import Instrument
from pedigreed.sources.mast.columns import NEEDED_TO_TELL, matching_columns
from pedigreed.sources.mast.sizes import QuestionSizes
from pedigreed.store import learnt as stored_learnt
from pedigreed.store.learnt import Learnt

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.engine import Connection

    from pedigreed.model.coverage import Fetched
    from pedigreed.model.product import Product

BELIEVED_FOR = timedelta(days=30)
"""After this it is tried anew: a larger question, or a filter that was not heeded."""

_PROGRAMS = "programs a question"
_PARTS = "parts of program "
_ABSENT = "no values in "
_DROPPED = "no column "
_STALE_FILTER = "the filter on isStale"
_FINDS_STALE = "found by the filter on isStale"
_FOR_GOOD = timedelta(days=36_500)
_ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
"""A moment at which all is believed: what is kept for good does not depend on when it is asked."""


@dataclass(slots=True)
class Lessons:
    """What is believed of MAST's services now.

    Attributes:
        sizes: how large a question may be.
        ignores_stale_filter: instrument whose service does not heed, or take, a filter on its stale flag -> why
            that is believed.
        finds_stale: instruments whose service found products by that filter, and nothing else. One that finds none
            may not have understood it. One that lacks what a sweep finds is believed no longer.
        absent: instrument and column, of those that a service gives no value of.
        dropped: instrument and column, of those that CRDS matches by and that a service no longer has.
    """

    sizes: QuestionSizes = field(default_factory=QuestionSizes)
    ignores_stale_filter: dict[Instrument, str] = field(default_factory=dict)
    finds_stale: set[Instrument] = field(default_factory=set)
    absent: set[tuple[Instrument, str]] = field(default_factory=set)
    dropped: set[tuple[Instrument, str]] = field(default_factory=set)


def load_lessons(connection: Connection, now: datetime) -> Lessons:
    """What is believed at this moment (UTC)."""
    lessons = Lessons()
    for each in stored_learnt.load(connection, now):
        if each.subject == _PROGRAMS:
            lessons.sizes.programs[each.instrument] = int(each.value)
        elif each.subject.startswith(_PARTS):
            lessons.sizes.parts[each.instrument, int(each.subject.removeprefix(_PARTS))] = int(each.value)
        elif each.subject.startswith(_ABSENT):
            lessons.absent.add((each.instrument, each.subject.removeprefix(_ABSENT)))
        elif each.subject.startswith(_DROPPED):
            lessons.dropped.add((each.instrument, each.subject.removeprefix(_DROPPED)))
        elif each.subject == _STALE_FILTER:
            lessons.ignores_stale_filter[each.instrument] = each.value
        elif each.subject == _FINDS_STALE:
            lessons.finds_stale.add(each.instrument)
    return lessons


def keep_sizes(connection: Connection, before: QuestionSizes, after: QuestionSizes, now: datetime) -> None:
    """Keep what differs, for `BELIEVED_FOR`."""
    until = now + BELIEVED_FOR
    for instrument, programs in after.programs.items():
        if before.programs.get(instrument) != programs:
            stored_learnt.keep(connection, Learnt(instrument, _PROGRAMS, str(programs), now, until))
    for (instrument, program), parts in after.parts.items():
        if before.parts.get((instrument, program)) != parts:
            stored_learnt.keep(connection, Learnt(instrument, f"{_PARTS}{program}", str(parts), now, until))


def keep_stale_filter_ignored(connection: Connection, instrument: Instrument, why: str, now: datetime) -> None:
    """Ask no more for what is stale alone, for `BELIEVED_FOR`."""
    stored_learnt.forget(connection, instrument, _FINDS_STALE)
    stored_learnt.keep(connection, Learnt(instrument, _STALE_FILTER, why, now, now + BELIEVED_FOR))


def keep_finds_stale(
    connection: Connection, instrument: Instrument, fetched: Fetched[Product], lessons: Lessons, now: datetime
) -> None:
    """Keep that the question for what is stale found something, for `BELIEVED_FOR`."""
    if any(product.is_stale for product in fetched.items):
        lessons.finds_stale.add(instrument)
        stored_learnt.keep(connection, Learnt(instrument, _FINDS_STALE, "", now, now + BELIEVED_FOR))


def keep_columns(
    connection: Connection, instrument: Instrument, fetched: Fetched[Product], lessons: Lessons, now: datetime
) -> None:
    """Keep which columns had no value in any row that was read or are gone, and forget those that are back."""
    for column in fetched.filled:
        if (instrument, column) in lessons.absent:
            lessons.absent.discard((instrument, column))
            stored_learnt.forget(connection, instrument, _ABSENT + column)
    for column in fetched.unfilled:
        if (instrument, column) not in lessons.absent:
            lessons.absent.add((instrument, column))
            stored_learnt.keep(connection, Learnt(instrument, _ABSENT + column, "", now, now + _FOR_GOOD))
    for column in matching_columns(instrument) if fetched.columns else ():
        is_dropped, was_dropped = column not in fetched.columns, (instrument, column) in lessons.dropped
        if is_dropped and not was_dropped:
            lessons.dropped.add((instrument, column))
            stored_learnt.keep(connection, Learnt(instrument, _DROPPED + column, "", now, now + _FOR_GOOD))
        elif was_dropped and not is_dropped:
            lessons.dropped.discard((instrument, column))
            stored_learnt.forget(connection, instrument, _DROPPED + column)


def columns_given(connection: Connection) -> dict[Instrument, frozenset[str]]:
    """Instrument -> the columns that CRDS matches by and that its service has, as its last answer showed."""
    dropped = {
        (each.instrument, each.subject.removeprefix(_DROPPED))
        for each in stored_learnt.load(connection, _ALWAYS)
        if each.subject.startswith(_DROPPED)
    }
    return {
        instrument: frozenset(
            column for column in matching_columns(instrument) if (instrument, column) not in dropped
        )
        for instrument in Instrument
    }


def absent_columns(learnt: Iterable[Learnt]) -> dict[Instrument, tuple[str, Learnt]]:
    """Instrument -> what it does not give and what can't be told without it, in words; and since when."""
    found: dict[Instrument, list[Learnt]] = {}
    for each in learnt:
        if each.subject.startswith(_ABSENT):
            found.setdefault(each.instrument, []).append(each)
    return {
        instrument: (_in_words([each.subject.removeprefix(_ABSENT) for each in mine]), mine[0])
        for instrument, mine in found.items()
    }


def _in_words(columns: list[str]) -> str:
    return "; ".join(f"no values in {column}, so it can't be told {NEEDED_TO_TELL[column]}" for column in columns)
