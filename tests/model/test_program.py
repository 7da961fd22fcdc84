"""Programs and observations as people write them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigreed.model.failure import Unreadable
from pedigreed.model.instrument import Instrument
from pedigreed.model.pedigree import Pedigree
from pedigreed.model.product import Product
from pedigreed.model.program import ProgramSelection, Proposal, about_programs, fold_ranges

observation_numbers = st.integers(1, 999)
selections = st.builds(
    lambda program, observations: ProgramSelection(program, tuple(sorted(observations))),
    st.integers(1, 99999),
    st.sets(observation_numbers, max_size=40),
)


@pytest.mark.parametrize(
    ("text", "program", "observations"),
    [
        ("1345", 1345, ()),
        ("01345", 1345, ()),
        ("0000001345", 1345, ()),
        ("  1345\n", 1345, ()),
        ("99999", 99999, ()),
        ("01410", 1410, ()),
        ("1210:5", 1210, (5,)),
        ("1210:005", 1210, (5,)),
        ("1210:5,7-9", 1210, (5, 7, 8, 9)),
        ("1210: 5, 7 - 9", 1210, (5, 7, 8, 9)),
        ("1210:9,5,5,4-6", 1210, (4, 5, 6, 9)),
        ("1210:3-3", 1210, (3,)),
        ("1210:999", 1210, (999,)),
    ],
)
def test_the_forms_that_people_write(text: str, program: int, observations: tuple[int, ...]) -> None:
    assert ProgramSelection.parse(text) == ProgramSelection(program, observations)


@pytest.mark.parametrize(
    "text",
    [
        *("", "0", "00000", "100000", "-1345", "+1345", "1345.0", "1e3", "jades", "1345 1180", "1_345", "1345:"),
        *(":5", "\u0661\u0663\u0664\u0665", "GO-1345", "1345;5", "0x541", "1345\x00"),
    ],
)
def test_what_is_no_program_is_refused_with_the_forms_that_are(text: str) -> None:
    with pytest.raises(Unreadable, match="no program: write 1345, or 1345:5"):
        ProgramSelection.parse(text)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("1345:0", "0"),
        ("1345:1000", "1000"),
        ("1345:9-7", "9-7"),
        ("1345:0-3", "0-3"),
        ("1345:5,", ""),
        ("1345:5,,6", ""),
        ("1345:5:6", "5:6"),
        ("1345:5-6-7", "5-6-7"),
        ("1345:-5", "-5"),
        ("1345:5-", "5-"),
        ("1345:all", "all"),
        ("1345:\u0665", "\u0665"),
    ],
)
def test_what_is_no_observation_is_refused_and_named(text: str, part: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        ProgramSelection.parse(text)
    assert f"{part!r} is no observation" in str(refusal.value)


@given(selections)
def test_a_selection_is_read_back_from_what_it_shows(selection: ProgramSelection) -> None:
    assert ProgramSelection.parse(str(selection)) == selection


@given(st.text() | st.from_regex(r"[0-9]{1,6}:[0-9,\- ]{0,12}", fullmatch=True))
def test_any_text_is_a_selection_or_unreadable(text: str) -> None:
    try:
        selection = ProgramSelection.parse(text)
    except Unreadable:
        return
    assert 1 <= selection.program <= 99999
    assert list(selection.observations) == sorted(set(selection.observations))
    assert all(1 <= number <= 999 for number in selection.observations)


def test_a_whole_program_holds_every_observation_and_what_has_none() -> None:
    assert 5 in ProgramSelection(1345)
    assert None in ProgramSelection(1345)


def test_chosen_observations_hold_only_themselves() -> None:
    chosen = ProgramSelection.parse("1345:5,7-8")
    assert [number for number in range(1, 12) if number in chosen] == [5, 7, 8]
    assert None not in chosen


def test_selections_sort_by_program_and_then_by_observation() -> None:
    texts = ["1345:7", "1180", "1345", "1345:5-6", "99"]
    assert [str(one) for one in sorted(map(ProgramSelection.parse, texts))] == [
        "99",
        "1180",
        "1345",
        "1345:5-6",
        "1345:7",
    ]


@pytest.mark.parametrize(
    ("numbers", "folded"),
    [
        ((), ""),
        ((7,), "7"),
        ((7, 9, 10, 11, 12), "7, 9-12"),
        ((1, 2), "1-2"),
        ((3, 1, 2, 2), "1-3"),
        ((1, 3, 5), "1, 3, 5"),
        ((998, 999), "998-999"),
    ],
)
def test_runs_of_numbers_are_folded(numbers: tuple[int, ...], folded: str) -> None:
    assert fold_ranges(numbers) == folded
    assert fold_ranges(list(numbers)) == folded


def test_the_joiner_is_the_callers() -> None:
    assert fold_ranges((1, 3, 4), joiner=",") == "1,3-4"


@given(st.lists(observation_numbers, min_size=1))
def test_folding_loses_and_adds_no_number(numbers: list[int]) -> None:
    unfolded = ProgramSelection.parse(f"1:{fold_ranges(numbers)}").observations
    assert unfolded == tuple(sorted(set(numbers)))


@given(st.lists(observation_numbers))
def test_folded_runs_do_not_touch(numbers: list[int]) -> None:
    runs = [run.split("-") for run in fold_ranges(numbers).split(", ") if run]
    assert all(int(after[0]) > int(before[-1]) + 1 for before, after in pairwise(runs))


def of(program: int, observation: int | None, target: str | None, title: str | None) -> Product:
    nothing = Pedigree(None, None, None)
    proposal = None if title is None else Proposal(title, None)
    name = f"jw{program:05d}.fits"
    return Product(
        name, Instrument.MIRI, program, observation, "2b", name, nothing, target=target, proposal=proposal
    )


def test_what_a_program_is_about_is_gathered_from_its_rows() -> None:
    about = about_programs(
        [
            of(1039, 1, "NGC 6552", "Latents"),
            of(1039, 2, "NGC 6552", "Latents"),
            of(1039, 2, "DARK", "Latent"),
            of(1039, None, None, None),
            of(1180, 7, None, None),
        ]
    )
    assert list(about) == [1039]
    assert about[1039].proposal.title == "Latents", "what most rows say"
    assert about[1039].target_names == ["NGC 6552", "DARK"], "those of the most observations first"
