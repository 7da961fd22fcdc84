"""Association candidates."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigreed.model.association_id import AssociationId, AssociationKind, parse_association_id
from pedigreed.model.failure import Unreadable


@given(st.sampled_from(AssociationKind), st.integers(0, 999))
def test_an_association_candidate_is_read_back(kind: AssociationKind, number: int) -> None:
    association = AssociationId(kind, number)
    assert parse_association_id(str(association)) == association


def test_only_an_observation_candidate_is_of_one_observation() -> None:
    assert parse_association_id("o012").observation == 12
    assert parse_association_id("c1012").observation is None
    assert parse_association_id("a3012").observation is None


@pytest.mark.parametrize("text", ["", "o1", "o0001", "c001", "x1001", "o00\u0661", "O001", "o001\n"])
def test_what_is_no_association_candidate_is_refused(text: str) -> None:
    with pytest.raises(Unreadable, match="no association candidate"):
        parse_association_id(text)
