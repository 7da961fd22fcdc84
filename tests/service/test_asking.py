"""What to ask the archive: every program of every instrument once, and as little as tells everything."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigreed.model.coverage import Coverage
from pedigreed.model.instrument import Instrument
from pedigreed.schedule import is_sweep_due
from pedigreed.service.asking import OVERLAP, SECOND_LOOK, EarlierAnswers, queries
from pedigreed.sources.mast.query import PROGRAMS_A_QUERY, PedigreeQuery

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet

NOW = datetime(2026, 11, 22, 5, 58, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEK = timedelta(days=7)
NIRCAM, MIRI = Instrument.NIRCAM, Instrument.MIRI


def earlier(
    states: Iterable[Coverage] = (),
    missed: Iterable[tuple[Instrument, int]] = (),
    increments_off: Iterable[Instrument] = (),
) -> EarlierAnswers:
    coverage = {(state.instrument, state.program): state for state in states}
    return EarlierAnswers(coverage, frozenset(missed), frozenset(increments_off))


def asked(
    watched: Mapping[Instrument, AbstractSet[int]], known: EarlierAnswers, now: datetime = NOW
) -> list[PedigreeQuery]:
    return list(queries(watched, known, WEEK, now))


def covered(
    program: int, *, swept: timedelta = DAY, complete: timedelta = DAY, instrument: Instrument = NIRCAM
) -> Coverage:
    """A program that was swept, and had its last complete answer, so long ago."""
    return Coverage(instrument, program, NOW - 30 * DAY, NOW - complete, NOW - complete, NOW - swept)


def rested(ago: timedelta = DAY) -> list[int]:
    """Programs whose sweep of so long ago is enough for now, by their place in the week."""
    return [program for program in range(1000, 3000) if not is_sweep_due(program, NOW - ago, WEEK, NOW)]


def test_what_is_new_is_asked_for_everything() -> None:
    assert asked({NIRCAM: {1180, 1181}}, earlier()) == [PedigreeQuery(NIRCAM, (1180, 1181))]


def test_each_instrument_is_asked_for_its_own_programs() -> None:
    assert asked({NIRCAM: {1180}, MIRI: {1180, 1345}}, earlier()) == [
        PedigreeQuery(NIRCAM, (1180,)),
        PedigreeQuery(MIRI, (1180, 1345)),
    ]


def test_who_wants_nothing_asks_nothing() -> None:
    assert not asked({}, earlier())
    assert not asked({NIRCAM: set()}, earlier())


def test_a_program_without_a_whole_answer_is_asked_for_everything() -> None:
    program = rested()[0]
    whole = covered(program)
    assert not asked({NIRCAM: {program}}, earlier([whole]))[0].is_sweep
    for lacking in (
        replace(whole, baseline_at=None),
        replace(whole, complete_at=None),
        replace(whole, sweep_at=None),
    ):
        assert asked({NIRCAM: {program}}, earlier([lacking]))[0].is_sweep


def test_an_increment_reaches_back_before_the_oldest_complete_answer() -> None:
    one, other = rested(5 * DAY)[:2]
    states = [covered(one, swept=5 * DAY, complete=HOUR), covered(other, swept=5 * DAY, complete=4 * DAY)]
    assert asked({NIRCAM: {one, other}}, earlier(states)) == [
        PedigreeQuery(NIRCAM, (one, other), NOW - 4 * DAY - OVERLAP)
    ]


def test_an_answer_as_old_as_the_sweeps_are_apart_is_no_base_for_an_increment() -> None:
    program = rested()[0]
    just = covered(program, complete=WEEK)
    younger = covered(program, complete=WEEK - timedelta(seconds=1))
    assert asked({NIRCAM: {program}}, earlier([just]))[0].is_sweep
    assert not asked({NIRCAM: {program}}, earlier([younger]))[0].is_sweep


def test_an_instrument_whose_increments_are_off_is_asked_for_everything() -> None:
    program = rested()[0]
    states = [covered(program), covered(program, instrument=MIRI)]
    found = asked({NIRCAM: {program}, MIRI: {program}}, earlier(states, increments_off=[MIRI]))
    assert {query.instrument: query.is_sweep for query in found} == {NIRCAM: False, MIRI: True}


@pytest.mark.parametrize(
    ("ago", "is_sweep"), [(SECOND_LOOK - timedelta(seconds=1), False), (SECOND_LOOK, True), (DAY, True)]
)
def test_a_program_that_missed_a_product_is_swept_again_after_twenty_hours(ago: timedelta, is_sweep: bool) -> None:
    assert timedelta(hours=20) == SECOND_LOOK
    program = rested(ago)[0]
    (query,) = asked({NIRCAM: {program}}, earlier([covered(program, swept=ago)], missed=[(NIRCAM, program)]))
    assert query.is_sweep is is_sweep


def test_a_second_look_is_no_matter_of_the_other_instruments() -> None:
    program = rested()[0]
    states = [covered(program), covered(program, instrument=MIRI)]
    found = asked({NIRCAM: {program}, MIRI: {program}}, earlier(states, missed=[(MIRI, program)]))
    assert {query.instrument: query.is_sweep for query in found} == {NIRCAM: False, MIRI: True}


def test_programs_share_requests_by_the_hundred() -> None:
    assert PROGRAMS_A_QUERY == 100
    found = asked({NIRCAM: set(range(1000, 1250))}, earlier())
    assert [len(query.programs) for query in found] == [100, 100, 50]
    assert [program for query in found for program in query.programs] == list(range(1000, 1250))


def test_two_hundred_programs_in_five_instruments_cost_ten_increments() -> None:
    programs = rested()[:200]
    states = [covered(program, instrument=instrument) for program in programs for instrument in Instrument]
    found = asked({instrument: set(programs) for instrument in Instrument}, earlier(states))
    assert len(found) == 10
    assert not any(query.is_sweep for query in found)


programs = st.integers(1, 400)
pairs = st.tuples(st.sampled_from((NIRCAM, MIRI)), programs)
ages = st.none() | st.timedeltas(timedelta(0), timedelta(days=20))


def _ago(age: timedelta | None) -> datetime | None:
    return None if age is None else NOW - age


@given(
    watched=st.dictionaries(st.sampled_from(Instrument), st.sets(programs, max_size=250)),
    ages=st.dictionaries(pairs, st.tuples(ages, ages, ages)),
    missed=st.sets(pairs),
    increments_off=st.sets(st.sampled_from(Instrument)),
)
def test_every_pair_is_asked_exactly_once_a_cycle(
    watched: dict[Instrument, set[int]],
    ages: dict[tuple[Instrument, int], tuple[timedelta | None, timedelta | None, timedelta | None]],
    missed: set[tuple[Instrument, int]],
    increments_off: set[Instrument],
) -> None:
    states = {
        pair: Coverage(*pair, _ago(baseline), _ago(complete), _ago(complete), _ago(swept))
        for pair, (baseline, complete, swept) in ages.items()
    }
    found = asked(watched, earlier(states.values(), missed, increments_off))
    counts = Counter((query.instrument, program) for query in found for program in query.programs)
    assert counts == Counter((instrument, program) for instrument in watched for program in watched[instrument])
    for query in found:
        assert 1 <= len(query.programs) <= PROGRAMS_A_QUERY
        assert list(query.programs) == sorted(query.programs)
        if query.archived_since is None:
            continue
        assert query.instrument not in increments_off
        for program in query.programs:
            state = states[query.instrument, program]
            assert state.baseline_at is not None
            assert state.sweep_at is not None
            assert state.complete_at is not None
            assert query.archived_since <= state.complete_at - OVERLAP
            assert NOW - state.complete_at < WEEK


def test_a_year_of_daily_cycles_sweeps_each_program_every_week_and_asks_it_every_day() -> None:
    states = {program: Coverage(NIRCAM, program) for program in range(1000, 1700, 7)}
    sweeps: Counter[int] = Counter()
    for day in range(365):
        now = NOW + day * DAY
        for query in asked({NIRCAM: states.keys()}, earlier(states.values()), now):
            for program in query.programs:
                swept = now if query.is_sweep else states[program].sweep_at
                sweeps[program] += query.is_sweep
                states[program] = Coverage(NIRCAM, program, NOW, now, now, swept)
    assert {state.complete_at for state in states.values()} == {NOW + 364 * DAY}
    assert set(sweeps.values()) == {1 + 52}
