"""What a subscription watches."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigreed.changes.selection import Selection, is_target, selection_of
from pedigreed.config.settings import Subscription
from pedigreed.config.value import LEVELS
from pedigreed.model.change import ChangeKind
from pedigreed.model.instrument import Instrument
from pedigreed.model.pedigree import Pedigree
from pedigreed.model.product import Product
from pedigreed.model.program import AboutProgram, ProgramSelection

if TYPE_CHECKING:
    from collections.abc import Callable

    Make = Callable[..., Product]


def selection(
    *programs: str, instruments: frozenset[Instrument] = frozenset(), levels: frozenset[str] = frozenset()
) -> Selection:
    return Selection(
        tuple(ProgramSelection.parse(text) for text in programs),
        frozenset(),
        instruments=instruments,
        levels=levels,
    )


@pytest.mark.parametrize(
    ("programs", "observation", "watched"),
    [
        (("1180",), 7, True),
        (("1180",), None, True),
        (("1181",), 7, False),
        (("1180:7",), 7, True),
        (("1180:8",), 7, False),
        (("1180:1-3,7",), 7, True),
        (("1180:1-3", "1180:7"), 7, True),
        (("1180:1-3", "1181"), 7, False),
        # A product of several observations is no observation's.
        (("1180:7",), None, False),
        (("1180:1-999",), None, False),
        (("1180:7", "1180"), None, True),
        ((), 7, False),
    ],
)
def test_a_product_is_watched_by_program_and_observation(
    product: Make, programs: tuple[str, ...], observation: int | None, watched: bool
) -> None:
    assert selection(*programs).is_about(product(program=1180, observation=observation)) is watched


def test_no_instrument_and_no_level_means_all_of_them(product: Make) -> None:
    everything = selection("1180")
    assert all(everything.is_about(product(instrument=instrument)) for instrument in Instrument)
    assert all(everything.is_about(product(level=level)) for level in ("1b", "2a", "2b", "2c", "3", "", "4"))


def test_instruments_and_levels_must_both_fit(product: Make) -> None:
    some = selection("1180", instruments=frozenset({Instrument.MIRI}), levels=frozenset({"2b", "3"}))
    assert some.is_about(product(instrument=Instrument.MIRI, level="3"))
    assert not some.is_about(product(instrument=Instrument.MIRI, level="2a"))
    assert not some.is_about(product(instrument=Instrument.NIRCAM, level="3"))


@given(st.lists(st.integers(1, 99999), max_size=4), st.lists(st.integers(1, 999), min_size=1, max_size=4))
def test_a_program_counts_once_whatever_is_selected_of_it(programs: list[int], observations: list[int]) -> None:
    texts = [f"{program}:{observation}" for program in programs for observation in observations]
    assert selection(*texts).program_numbers == frozenset(programs)


def subscribed(**watch: Any) -> Subscription:  # noqa: ANN401  # as the configuration has it
    deliver = [{"email": "a@obs.example"}]
    return Subscription.model_validate_json(json.dumps({"name": "jades", "watch": watch, "deliver": deliver}))


def of_level(level: str) -> Product:
    nothing = Pedigree(None, None, None)
    return Product("jw01180.odd", Instrument.NIRCAM, 1180, None, level, "jw01180.odd", nothing)


def test_a_selection_has_what_the_subscription_chose() -> None:
    selection = selection_of(
        subscribed(programs=["1180:5"], instruments=["miri"], levels=["2b", 3], events=["withdrawn"]), {}
    )
    assert [str(program) for program in selection.programs] == ["1180:5"]
    assert selection.instruments == {Instrument.MIRI}
    assert selection.levels == {"2b", "3"}
    assert selection.kinds == {ChangeKind.WITHDRAWN}


def test_by_default_a_product_whose_level_is_not_known_is_watched_too() -> None:
    assert selection_of(subscribed(programs=[1180]), {}).is_about(of_level(""))
    assert selection_of(subscribed(programs=[1180], levels=LEVELS), {}).is_about(of_level("4"))
    assert not selection_of(subscribed(programs=[1180], levels=LEVELS[1:]), {}).is_about(of_level(""))


@pytest.mark.parametrize(
    ("name", "wanted", "same"),
    [
        ("NGC 6552", "ngc-6552", True),
        ("NGC  6552", "NGC_6552", True),
        ("NGC-65521", "NGC-6552", False),
        ("NGC6552", "NGC-6552", False),
        ("GOODS-S-DEEP", "GOODS-S*", True),
        ("GOODS-N", "GOODS-S*", False),
        ("J1120+0641", "j1120+0641", True),
        ("J1120X0641", "J1120+0641", False),
        ("anything", "*", True),
    ],
)
def test_a_target_is_named_in_any_case_and_with_any_hyphen(name: str, wanted: str, same: bool) -> None:
    assert is_target(name, wanted) is same


@given(st.text(min_size=1))
def test_a_target_is_named_by_its_own_name_whatever_that_is(name: str) -> None:
    assert is_target(name, name)


_ABOUT = {
    1180: AboutProgram(1180, targets=frozenset({(7, "A"), (8, "B"), (9, "A"), (9, "B"), (None, "A"), (None, "B")}))
}


@pytest.mark.parametrize(
    ("observation", "watched"),
    # One that is not known may be of the target.
    [(7, True), (8, False), (9, True), (10, True), (None, True)],
)
def test_a_product_is_watched_by_the_targets_of_its_observation(
    product: Make, observation: int | None, watched: bool
) -> None:
    chosen = selection_of(subscribed(programs=[1180], targets=["a"]), _ABOUT)
    assert chosen.is_about(product(program=1180, observation=observation)) is watched
    everything = selection_of(subscribed(programs=[1180]), _ABOUT)
    assert everything.is_about(product(program=1180, observation=observation))
