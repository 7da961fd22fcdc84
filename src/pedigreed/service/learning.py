"""What is learnt of MAST's services while they are asked, and what follows from it the next time."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pedigreed.model.instant import ROUNDING, iso, parse_instant
from pedigreed.model.instrument import Instrument
from pedigreed.sources.mast.query import NEEDED_TO_TELL, PedigreeQuery, QuestionSizes, matching_columns
from pedigreed.store import coverage as stored_coverage
from pedigreed.store import products as stored_products
from pedigreed.store.coverage import Learnt

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.engine import Connection

    from pedigreed.model.coverage import Fetched
    from pedigreed.model.product import Product

BELIEVED_FOR = timedelta(days=30)
"""After this it is tried anew: a larger question, or a filter that was not heeded."""

_REFUSAL = re.compile(r"MAST answered (?:ERROR|HTTP 4(?:00|22)\b|HTTP 500: )")
"""A question that is refused, and not one that could not be asked: see `portal`."""

_PROGRAMS = "programs a question"
_PARTS = "parts of program "
_ABSENT = "no values in "
_DROPPED = "no column "
_STALE_FILTER = "the filter on isStale"
_FINDS_STALE = "found by the filter on isStale"
_ALL_PROGRAMS = "all programs until"
_SOME_PROGRAMS = "all programs so far"
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
    for each in stored_coverage.load_learnt(connection, now):
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
            stored_coverage.keep_learnt(connection, Learnt(instrument, _PROGRAMS, str(programs), now, until))
    for (instrument, program), parts in after.parts.items():
        if before.parts.get((instrument, program)) != parts:
            stored_coverage.keep_learnt(
                connection, Learnt(instrument, f"{_PARTS}{program}", str(parts), now, until)
            )


def keep_stale_filter_ignored(connection: Connection, instrument: Instrument, why: str, now: datetime) -> None:
    """Ask no more for what is stale alone, for `BELIEVED_FOR`."""
    stored_coverage.forget_learnt(connection, instrument, _FINDS_STALE)
    stored_coverage.keep_learnt(connection, Learnt(instrument, _STALE_FILTER, why, now, now + BELIEVED_FOR))


def keep_finds_stale(
    connection: Connection, instrument: Instrument, fetched: Fetched[Product], lessons: Lessons, now: datetime
) -> None:
    """Keep that the question for what is stale found something, for `BELIEVED_FOR`."""
    if any(product.is_stale for product in fetched.items):
        lessons.finds_stale.add(instrument)
        stored_coverage.keep_learnt(connection, Learnt(instrument, _FINDS_STALE, "", now, now + BELIEVED_FOR))


def keep_columns(
    connection: Connection, instrument: Instrument, fetched: Fetched[Product], lessons: Lessons, now: datetime
) -> None:
    """Keep which columns had no value in any row that was read or are gone, and forget those that are back."""
    for column in fetched.filled:
        if (instrument, column) in lessons.absent:
            lessons.absent.discard((instrument, column))
            stored_coverage.forget_learnt(connection, instrument, _ABSENT + column)
    for column in fetched.unfilled:
        if (instrument, column) not in lessons.absent:
            lessons.absent.add((instrument, column))
            stored_coverage.keep_learnt(connection, Learnt(instrument, _ABSENT + column, "", now, now + _FOR_GOOD))
    for column in matching_columns(instrument) if fetched.columns else ():
        is_dropped, was_dropped = column not in fetched.columns, (instrument, column) in lessons.dropped
        if is_dropped and not was_dropped:
            lessons.dropped.add((instrument, column))
            stored_coverage.keep_learnt(
                connection, Learnt(instrument, _DROPPED + column, "", now, now + _FOR_GOOD)
            )
        elif was_dropped and not is_dropped:
            lessons.dropped.discard((instrument, column))
            stored_coverage.forget_learnt(connection, instrument, _DROPPED + column)


def columns_given(connection: Connection) -> dict[Instrument, frozenset[str]]:
    """Instrument -> the columns that CRDS matches by and that its service has, as its last answer showed."""
    dropped = {
        (each.instrument, each.subject.removeprefix(_DROPPED))
        for each in stored_coverage.load_learnt(connection, _ALWAYS)
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
        instrument: (without_in_words([each.subject.removeprefix(_ABSENT) for each in mine]), mine[0])
        for instrument, mine in found.items()
    }


def without_in_words(columns: Iterable[str]) -> str:
    """What can't be told without some columns."""
    return "; ".join(f"no values in {column}, so it can't be told {NEEDED_TO_TELL[column]}" for column in columns)


def learn_of_flags(
    connection: Connection, query: PedigreeQuery, fetched: Fetched[Product], lessons: Lessons, now: datetime
) -> Fetched[Product]:
    """Keep what an answer to the question for what is stale says of the service, and that the flags are known."""
    why = _why_no_stale_question(fetched)
    if why is None and fetched.is_complete and query.instrument in lessons.finds_stale:
        why = _why_not_all_stale(connection, query, fetched, now)
        if why is not None:
            stored_coverage.forget_flags(connection, query.instrument)
    if why is not None:
        lessons.finds_stale.discard(query.instrument)
        keep_stale_filter_ignored(connection, query.instrument, why, now)
        return replace(fetched, is_complete=True, problems=(), warnings=(why,))
    keep_finds_stale(connection, query.instrument, fetched, lessons, now)
    if fetched.is_complete and query.instrument in lessons.finds_stale:
        states = stored_coverage.load(connection, query.programs, for_update=query.instrument)
        stored_coverage.save(connection, *(replace(state, flags_at=now) for state in states.values()))
    return fetched


def _why_no_stale_question(fetched: Fetched[Product]) -> str | None:
    """Why the service is not to be asked for what is stale alone; None where it may well be."""
    if any(product.is_stale is False for product in fetched.items):
        return "the service ignores the filter on isStale: stale flags are seen by sweeps alone"
    refusal = next((problem for problem in fetched.problems if _REFUSAL.search(problem)), None)
    return None if refusal is None else f"the service takes no filter on isStale: {refusal}"


def _why_not_all_stale(
    connection: Connection, query: PedigreeQuery, fetched: Fetched[Product], now: datetime
) -> str | None:
    """What a sweep of the same moment shows to lack in the answer; None where nothing does."""
    states = stored_coverage.load(connection, query.programs)
    swept = [
        program
        for (of, program), state in states.items()
        if of is query.instrument and state.sweep_at is not None and state.sweep_at >= now - ROUNDING
    ]
    marked = stored_products.marked_stale(connection, query.instrument, swept)
    missed = marked - {product.filename for product in fetched.items}
    if not missed:
        return None
    return (
        f"the filter on isStale misses {len(missed):,} of {len(marked):,} products that a sweep finds marked: "
        "stale flags are seen by sweeps alone"
    )


@dataclass(frozen=True, slots=True)
class ProgramsKnown:
    """How far the programs of an instrument's service are known.

    Attributes:
        until: all of what was taken in until then, UTC.
        is_all: whether every program was found so. Else the first search for them is under way.
    """

    until: datetime
    is_all: bool


def programs_known(connection: Connection, now: datetime) -> dict[Instrument, ProgramsKnown]:
    """By instrument, as it is believed at this moment (UTC). An instrument that was never searched is absent."""
    found: dict[Instrument, ProgramsKnown] = {}
    for each in stored_coverage.load_learnt(connection, now):
        if each.subject == _ALL_PROGRAMS:
            found[each.instrument] = ProgramsKnown(parse_instant(each.value), is_all=True)
        elif each.subject == _SOME_PROGRAMS:
            found.setdefault(each.instrument, ProgramsKnown(parse_instant(each.value), is_all=False))
    return found


def keep_programs_known(
    connection: Connection, instrument: Instrument, known: ProgramsKnown, now: datetime
) -> None:
    """Keep it, until all programs are searched anew, for `BELIEVED_FOR` from the last time that they were."""
    subject = _ALL_PROGRAMS if known.is_all else _SOME_PROGRAMS
    before = next(
        (
            each
            for each in stored_coverage.load_learnt(connection, now)
            if each.instrument is instrument and each.subject == subject
        ),
        None,
    )
    since, until = (before.since, before.until) if before else (now, now + BELIEVED_FOR)
    stored_coverage.keep_learnt(connection, Learnt(instrument, subject, iso(known.until), since, until))
    if known.is_all:
        stored_coverage.forget_learnt(connection, instrument, _SOME_PROGRAMS)
