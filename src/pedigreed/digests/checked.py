"""Which programs and which sources of CRDS's news were checked in a period, and why the others were not. Pure."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from pedigreed.model.coverage import Coverage
from pedigreed.model.digest import Checked, SourceCheck, Unchecked

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from pedigreed.digests.facts import NewsSource
    from pedigreed.model.instrument import Instrument
    from pedigreed.model.news_source import SourceState

_AHEAD = timedelta(hours=1)
"""An answer from a later time than this was dated by a clock that was wrong."""

_SLACK = timedelta(hours=12)
"""A daily job that starts late has still done its work for the day."""


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
    with_data: AbstractSet[int],
    every: timedelta,
    starts: datetime,
    now: datetime,
    notes: tuple[str, ...] = (),
    sources: tuple[SourceCheck, ...] = (),
) -> Checked:
    """Say of each program whether it was checked in the period.

    It was if the last complete answer is as young as the asking goes. Where the last answer was not complete,
    an earlier one of the same period must have been.

    Args:
        programs: of the subscription.
        instruments: of the subscription.
        states: the coverage of every program and instrument.
        with_data: the programs that the archive has any product of.
        every: how often the archive is asked.
        starts: the begin of the period, UTC.
        now: UTC.
        notes: what else is to be said.
        sources: those of CRDS's news: see `sources_checked`.
    """
    unchecked: list[Unchecked] = []
    unknown: list[int] = []
    newest: list[datetime] = []
    swept: list[datetime] = []
    for program in sorted(programs):
        mine = [_state(states, instrument, program) for instrument in instruments]
        complete = [state.complete_at for state in mine if state.complete_at is not None]
        newest += complete
        swept += [state.sweep_at for state in mine if state.sweep_at is not None]
        stale = [state for state in mine if not _is_checked(state, starts, now, every)]
        if stale:
            last = min(complete) if len(complete) == len(mine) else None
            unchecked.append(Unchecked(program, _reason(stale), last))
        elif program not in with_data:
            unknown.append(program)
    return Checked(
        programs=len(programs) - len(unchecked),
        of=len(programs),
        unchecked=tuple(unchecked),
        unknown=tuple(unknown),
        last_complete=max(newest, default=None),
        swept_since=min(swept, default=None),
        notes=notes,
        sources=sources,
    )


def sources_checked(sources: Iterable[NewsSource], starts: datetime, now: datetime) -> tuple[SourceCheck, ...]:
    """Say of each source of CRDS's news whether it was read in the period, by the same rule.

    Args:
        sources: those of the configuration that the subscription hears of.
        starts: the begin of the period, UTC.
        now: UTC.
    """
    return tuple(_source_checked(each, starts, now) for each in sources)


def _source_checked(source: NewsSource, starts: datetime, now: datetime) -> SourceCheck:
    state = source.state
    if state is None:
        return SourceCheck(source.name, is_checked=False, reason="not read yet", last_complete=None)
    is_checked = _is_checked(state, starts, now, source.every)
    reason = None if is_checked else state.problem or "not read lately"
    return SourceCheck(source.name, is_checked, reason, state.complete_at)


def _is_checked(state: Coverage | SourceState, starts: datetime, now: datetime, every: timedelta) -> bool:
    if state.complete_at is None or not now - every - _SLACK <= state.complete_at <= now + _AHEAD:
        return False
    return state.problem is None or state.complete_at > starts


def _reason(stale: list[Coverage]) -> str:
    """Every reason once, with its instruments."""
    names: dict[str, list[str]] = defaultdict(list)
    for state in stale:
        never = "not asked yet" if state.asked_at is None else "not asked lately"
        names[state.problem or never].append(state.instrument.written)
    return "; ".join(f"{', '.join(instruments)}: {reason}" for reason, instruments in names.items())


def _state(states: Mapping[tuple[Instrument, int], Coverage], instrument: Instrument, program: int) -> Coverage:
    return states.get((instrument, program)) or Coverage(instrument, program)
