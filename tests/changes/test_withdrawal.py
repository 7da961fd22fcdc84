"""Products that complete sweeps lack: told as withdrawn, or held as suspect."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigreed.changes.compare import compare
from pedigreed.changes.withdrawal import Judgement, are_many, judge
from pedigreed.model.change import ChangeKind
from pedigreed.model.product import KnownProduct

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pedigreed.model.product import Product

    Make = Callable[..., Product]

NOW = datetime(2026, 11, 22, 5, 58, tzinfo=UTC)
DAY = timedelta(days=1)


def products(product: Make, many: int, program: int = 1180) -> tuple[KnownProduct, ...]:
    return tuple(
        KnownProduct(product(f"jw{program:05d}007001_02101_{number:05d}_nrca1_cal.fits", program=program))
        for number in range(many)
    )


def swept(missing: Iterable[KnownProduct], total: int, sweeps: int) -> list[Judgement]:
    """The judgement of each of so many daily sweeps that lack the same products of program 1180."""
    judgements = []
    for number in range(sweeps):
        judgements.append(judge(missing, {1180: total}, NOW + number * DAY))
        missing = [state for state in judgements[-1].known if state.withdrawn_at is None]
    return judgements


def test_one_sweep_proves_nothing(product: Make) -> None:
    (judgement,) = swept(products(product, 1), total=100, sweeps=1)
    assert not judgement.changes
    (state,) = judgement.known
    assert (state.missed, state.missed_since, state.withdrawn_at) == (1, NOW, None)


def test_a_product_that_two_sweeps_lack_is_withdrawn_with_the_pedigree_it_had(product: Make) -> None:
    _, judgement = swept(products(product, 1), total=100, sweeps=2)
    (change,) = judgement.changes
    assert (change.kind, change.before, change.after) == (ChangeKind.WITHDRAWN, product().pedigree, None)
    assert (change.revision, change.seen_at) == (1, NOW + DAY)
    (state,) = judgement.known
    assert (state.withdrawn_at, state.missed_since, state.revision) == (NOW + DAY, NOW, 1)


def test_many_at_once_are_held_until_the_fourth_sweep(product: Make) -> None:
    judgements = swept(products(product, 30), total=100, sweeps=4)
    assert [len(judgement.changes) for judgement in judgements] == [0, 0, 0, 30]
    assert all(state.missed_since == NOW for judgement in judgements for state in judgement.known)


def test_few_are_told_while_many_of_another_program_are_held(product: Make) -> None:
    few, many = products(product, 2, program=1181), products(product, 30)
    totals = {1180: 100, 1181: 100}
    first = judge([*many, *few], totals, NOW)
    second = judge(first.known, totals, NOW + DAY)
    assert {change.program for change in second.changes} == {1181}
    assert len(second.changes) == 2
    assert len(second.known) == 32


def test_few_that_become_many_are_held_with_them(product: Make) -> None:
    eleven = products(product, 11)
    first = judge(eleven[:5], {1180: 20}, NOW)
    second = judge([*first.known, *eleven[5:]], {1180: 20}, NOW + DAY)
    assert not second.changes
    assert sorted(state.missed for state in second.known) == [1] * 6 + [2] * 5


def test_those_that_stay_away_are_told_when_most_of_many_are_back(product: Make) -> None:
    first = judge(products(product, 30), {1180: 100}, NOW)
    second = judge(first.known[:3], {1180: 100}, NOW + DAY)
    assert [change.filename for change in second.changes] == [state.product.filename for state in first.known[:3]]


@pytest.mark.parametrize(
    ("missing", "total", "many"),
    [
        (10, 11, False),
        # All are many, however few they were.
        (10, 10, True),
        (1, 1, True),
        (11, 11, True),
        (11, 54, True),
        # Exactly a fifth is not more than a fifth.
        (11, 55, False),
        (12, 55, True),
        (200, 1000, False),
        (201, 1000, True),
        (11, 0, True),
        (0, 0, False),
    ],
)
def test_many_are_more_than_ten_and_more_than_a_fifth(missing: int, total: int, many: bool) -> None:
    assert are_many(missing, total) is many


def test_a_program_whose_size_is_not_known_is_held_where_many_are_missing(product: Make) -> None:
    first = judge(products(product, 11), {}, NOW)
    assert not judge(first.known, {}, NOW + DAY).changes


@given(st.lists(st.booleans(), max_size=14), st.sampled_from(((1, 100, 2), (30, 100, 4))))
def test_only_an_unbroken_row_of_sweeps_withdraws(
    product: Make, sweeps: list[bool], case: tuple[int, int, int]
) -> None:
    """`sweeps` says which of them have the products. One that has them starts the count again."""
    many, total, quorum = case
    states = products(product, many)
    in_a_row = 0
    for number, is_there in enumerate(sweeps):
        now = NOW + number * DAY
        if is_there:
            was_withdrawn = in_a_row >= quorum
            found = compare(
                [state.product for state in states],
                {state.product.filename: state for state in states},
                baseline=frozenset(),
                first_data=frozenset(),
                is_complete=True,
                now=now,
            )
            assert [change.kind for change in found.changes] == [ChangeKind.NEW] * (many if was_withdrawn else 0)
            states, in_a_row = found.known, 0
            assert all(state.missed == 0 and state.missed_since is None for state in states)
        elif in_a_row < quorum:
            judgement = judge(states, {1180: total}, now)
            states, in_a_row = judgement.known, in_a_row + 1
            assert len(judgement.changes) == (many if in_a_row == quorum else 0)
        assert all((state.withdrawn_at is not None) is (in_a_row >= quorum) for state in states)
