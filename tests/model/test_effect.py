"""What a change of a reference type does."""

from __future__ import annotations

from pedigreed.model.announcement import Facts
from pedigreed.model.effect import Effect, effects_of


def test_effects_stand_in_the_order_of_the_pipeline() -> None:
    effects = effects_of(Facts(reference_types=("brandnew", "dark", "persat", "photom")))
    assert [effect.reference_type for effect in effects] == ["dark", "persat", "photom", "brandnew"]
    assert effects[1].steps == ("persistence",)
    assert effects[2] == Effect("photom", ("photom", "wfss_contam"), (2, 3), "absolute flux calibration")
    assert effects[3] == Effect("brandnew", (), (), "")
