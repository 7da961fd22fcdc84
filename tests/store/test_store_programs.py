"""What is remembered of programs, on both databases."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pedigreed.model.program import AboutProgram, Proposal
from pedigreed.store import programs

if TYPE_CHECKING:
    from pedigreed.store.database import Store

names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)
proposals = st.builds(Proposal, st.none() | names, st.none() | names)
observations = st.none() | st.integers(1, 999)
everything = st.dictionaries(
    st.integers(1, 99_999),
    st.tuples(proposals, st.frozensets(st.tuples(observations, names), max_size=4)),
    max_size=4,
).map(lambda found: {program: AboutProgram(program, *about) for program, about in found.items()})


def kept(store: Store, *told: dict[int, AboutProgram]) -> dict[int, AboutProgram]:
    with store.writing() as connection:
        for about in told:
            programs.keep(connection, about)
        return programs.load(connection, sorted({program for about in told for program in about}))


@given(everything)
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_kept_is_found_again(store: Store, about: dict[int, AboutProgram]) -> None:
    known = {program: each for program, each in about.items() if any(each.proposal) or each.targets}
    with store.writing() as connection:
        before = programs.load(connection, sorted(about))
        programs.keep(connection, about)
        programs.keep(connection, about)
        found = programs.load(connection, sorted(about))
    for program, each in known.items():
        assert found[program].targets == each.targets | before.get(program, each).targets
        if any(each.proposal):
            assert found[program].proposal == each.proposal


def test_a_title_that_is_mended_takes_the_place_of_the_old_one_and_none_takes_no_place(store: Store) -> None:
    first = AboutProgram(1180, Proposal("JADES", "Eisenstein, Daniel J."), frozenset({(7, "GOODS-S")}))
    mended = replace(first, proposal=Proposal("JADES, part 1", "Eisenstein, Daniel J."), targets=frozenset())
    found = kept(store, {1180: first}, {1180: mended}, {1180: AboutProgram(1180)})[1180]
    assert found.proposal == mended.proposal
    assert found.target_names == ["GOODS-S"]
