"""Which programs and sources of CRDS's news were checked in a period, and why the others were not. Pure.

It is computed from what was recorded: complete answers, and the ends of runs. What an asking was begun for and did
not answer is not checked, whatever ended the asking.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from pedigreed.model.coverage import Coverage
from pedigreed.model.digest import Checked, SourceCheck, StoodIn, Unchecked
from pedigreed.model.instrument import instruments_in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from pedigreed.digests.facts import NewsSource
    from pedigreed.model.instrument import Instrument
    from pedigreed.model.work import Run

_AHEAD = timedelta(hours=1)
"""What is from a later time than this was dated by a clock that was wrong."""

LATE_ANSWER = timedelta(hours=1, minutes=5)
"""How much older than the asking's interval an answer may be: clocks go back by an hour, and a look comes late."""

LATE_READING = timedelta(minutes=5)
"""The same of a reading of a source of CRDS's news."""


@dataclass(frozen=True, slots=True)
class CheckedSpan:
    """The time that something is checked for. Times are UTC.

    Attributes:
        starts: when the period began; None where it is the first, or where there is none: how things stand now.
        ends: when it ends.
        every: how often the subscription is told.
    """

    starts: datetime | None
    ends: datetime
    every: timedelta

    def since(self, every: timedelta, late: timedelta) -> datetime:
        """The moment after which an answer must have been asked for, so that the span is checked by it.

        It is within the period, and as young as the asking goes. Who is told more often than the archive is asked
        has periods without any: there, the last asking that was planned counts.

        Args:
            every: how often it is asked.
            late: how much older an answer may be.
        """
        if self.starts is not None and self.every < every:
            return self.ends - every
        limit = self.ends - every - late
        return limit if self.starts is None else max(self.starts, limit)


def is_baselined(
    program: int, instruments: Iterable[Instrument], states: Mapping[tuple[Instrument, int], Coverage]
) -> bool:
    """Whether a complete answer was had of every instrument."""
    return all(_state(states, instrument, program).baseline_at is not None for instrument in instruments)


def checked(
    programs: AbstractSet[int],
    instruments: tuple[Instrument, ...],
    states: Mapping[tuple[Instrument, int], Coverage],
    *,
    span: CheckedSpan,
    every: timedelta,
    runs: Iterable[Run],
    with_data: AbstractSet[int],
    notes: tuple[str, ...] = (),
    sources: tuple[SourceCheck, ...] = (),
) -> Checked:
    """Say of each program whether it was checked in the period.

    It was if a complete answer of every instrument came within the period (see `CheckedSpan.since`), or the search
    of file sets stood in for it, and no asking was begun after that and did not come to its end. Nothing is
    checked because nothing complained.

    Args:
        programs: of the subscription.
        instruments: of the subscription.
        states: the coverage of every program and instrument.
        span: what is to be checked.
        every: how often the archive is asked.
        runs: the last askings, as their ends were recorded, the newest first.
        with_data: the programs that the archive has any product of.
        notes: what else is to be said.
        sources: those of CRDS's news: see `sources_checked`.
    """
    since = span.since(every, LATE_ANSWER)
    stood_in: defaultdict[tuple[Instrument, str], list[Coverage]] = defaultdict(list)
    dead = [run for run in runs if not run.came_to_its_end and run.started_at <= span.ends + _AHEAD]
    unchecked: list[Unchecked] = []
    unknown: list[int] = []
    answered: list[datetime] = []
    of_checked: list[datetime] = []
    swept: list[datetime] = []
    flags: list[datetime] = []
    for program in sorted(programs):
        mine = [_state(states, instrument, program) for instrument in instruments]
        complete = [state.complete_at for state in mine if state.complete_at is not None]
        answered += complete
        swept += [state.sweep_at for state in mine if state.sweep_at is not None]
        flags += [
            max(state.sweep_at, state.flags_at or state.sweep_at) for state in mine if state.sweep_at is not None
        ]
        reasons = {
            state.instrument: reason for state in mine if (reason := _reason(state, since, span.ends, dead))
        }
        if reasons:
            last = min(complete) if len(complete) == len(mine) else None
            unchecked.append(Unchecked(program, _joined(reasons), last))
            continue
        for state in mine:
            if _is_by_set(state, since, span.ends):
                stood_in[state.instrument, state.problem or ""].append(state)
            elif state.complete_at is not None:
                of_checked.append(state.complete_at)
        if program not in with_data:
            unknown.append(program)
    return Checked(
        programs=len(programs) - len(unchecked),
        of=len(programs),
        unchecked=tuple(unchecked),
        unknown=tuple(unknown),
        # What is said of all that was checked is known up to the oldest of these answers.
        last_complete=min(of_checked) if of_checked else max(answered, default=None),
        swept_since=min(swept, default=None),
        flags_since=min(flags, default=None),
        notes=notes,
        sources=sources,
        stood_in=tuple(
            StoodIn(
                instrument,
                tuple(state.program for state in by_set),
                reason,
                min(state.stood_in_at for state in by_set if state.stood_in_at is not None),
                sum(state.unknown_sets for state in by_set),
            )
            for (instrument, reason), by_set in stood_in.items()
        ),
    )


def sources_checked(
    sources: Iterable[NewsSource], span: CheckedSpan, runs: Iterable[Run]
) -> tuple[SourceCheck, ...]:
    """Say of each source of CRDS's news whether it was read to its end in the period.

    Args:
        sources: those of the configuration that the subscription hears of.
        span: what is to be checked.
        runs: the last listenings, as their ends were recorded, the newest first.
    """
    dead = [run for run in runs if not run.came_to_its_end and run.started_at <= span.ends + _AHEAD]
    return tuple(_source_checked(each, span, dead) for each in sources)


def _source_checked(source: NewsSource, span: CheckedSpan, dead: Sequence[Run]) -> SourceCheck:
    state = source.state
    complete_at = state.complete_at if state else None
    if _is_within(complete_at, span.since(source.every, LATE_READING), span.ends):
        return SourceCheck(source.name, is_checked=True, reason=None, last_complete=complete_at)
    # A listening reads those whose turn it is, so it is no sign of those that were read in time.
    death = _death_since(dead, state.asked_at if state else None, "reading")
    reason = death or (state.problem if state else None) or ("not read lately" if state else "not read yet")
    return SourceCheck(source.name, is_checked=False, reason=reason, last_complete=complete_at)


def _is_within(moment: datetime | None, since: datetime, ends: datetime) -> bool:
    return moment is not None and since < moment <= ends + _AHEAD


def _is_by_set(state: Coverage, since: datetime, ends: datetime) -> bool:
    """Whether the search of file sets stood in for the keyword service in the period."""
    return state.stood_in_at is not None and _is_within(state.by_set_at, since, ends)


def _reason(state: Coverage, since: datetime, ends: datetime, dead: Sequence[Run]) -> str | None:
    """Why a program was not checked in an instrument; None where it was."""
    if _is_by_set(state, since, ends) and _death_since(dead, state.stood_in_at, "asking") is None:
        return None
    death = _death_since(dead, state.complete_at, "asking")
    if _is_within(state.complete_at, since, ends) and death is None:
        return None
    if state.problem is not None and state.asked_at is not None:
        death = _death_since(dead, state.asked_at, "asking")
        return death or state.problem
    return death or ("not asked yet" if state.asked_at is None else "not asked lately")


def _death_since(dead: Sequence[Run], moment: datetime | None, what: str) -> str | None:
    """What is said of the newest run that began after a moment and did not come to its end."""
    for run in dead:
        if moment is None or run.started_at > moment:
            return f"the {what} of {run.started_at:%d %b %H:%M}Z did not come to its end: {run.death}"
    return None


def _joined(reasons: Mapping[Instrument, str]) -> str:
    """Every reason once, with its instruments."""
    names: dict[str, list[str]] = defaultdict(list)
    for instrument, reason in reasons.items():
        names[reason].append(instrument.written)
    return "; ".join(f"{instruments_in_words(of_it)}: {reason}" for reason, of_it in names.items())


def _state(states: Mapping[tuple[Instrument, int], Coverage], instrument: Instrument, program: int) -> Coverage:
    return states.get((instrument, program)) or Coverage(instrument, program)
