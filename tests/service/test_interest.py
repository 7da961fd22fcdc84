"""What the subscriptions of a configuration want to know."""

from __future__ import annotations

import json
from typing import Any

from pedigreed.config.settings import Subscription
from pedigreed.config.value import LEVELS
from pedigreed.model.change import ChangeKind
from pedigreed.model.instrument import Instrument
from pedigreed.model.pedigree import Pedigree
from pedigreed.model.product import Product
from pedigreed.service.interest import interest_of, selection_of


def subscription(**watch: Any) -> Subscription:  # noqa: ANN401  # as the configuration has it
    deliver = [{"email": "a@obs.example"}]
    return Subscription.model_validate_json(json.dumps({"name": "jades", "watch": watch, "deliver": deliver}))


def product(level: str) -> Product:
    nothing = Pedigree(None, None, None)
    return Product("jw01180.odd", Instrument.NIRCAM, 1180, None, level, "jw01180.odd", nothing)


def test_instruments_are_asked_for_the_programs_of_all_subscriptions_together() -> None:
    interest = interest_of(
        [
            subscription(programs=["1180:5", 1181], instruments=["nircam", "miri"]),
            subscription(programs=[1180, 1345], instruments=["nircam"]),
        ]
    )
    assert interest == {Instrument.NIRCAM: {1180, 1181, 1345}, Instrument.MIRI: {1180, 1181}}


def test_the_order_of_asking_does_not_hang_on_the_order_of_subscriptions() -> None:
    one, other = (
        subscription(programs=[1], instruments=["nirspec"]),
        subscription(programs=[2], instruments=["fgs"]),
    )
    assert list(interest_of([one, other])) == list(interest_of([other, one]))


def test_no_subscription_wants_nothing() -> None:
    assert not interest_of([])


def test_a_selection_has_what_the_subscription_chose() -> None:
    selection = selection_of(
        subscription(programs=["1180:5"], instruments=["miri"], levels=["2b", 3], events=["withdrawn"])
    )
    assert [str(program) for program in selection.programs] == ["1180:5"]
    assert selection.instruments == {Instrument.MIRI}
    assert selection.levels == {"2b", "3"}
    assert selection.kinds == {ChangeKind.WITHDRAWN}


def test_by_default_a_product_whose_level_is_not_known_is_watched_too() -> None:
    assert selection_of(subscription(programs=[1180])).is_about(product(""))
    assert selection_of(subscription(programs=[1180], levels=LEVELS)).is_about(product("4"))
    assert not selection_of(subscription(programs=[1180], levels=LEVELS[1:])).is_about(product(""))
