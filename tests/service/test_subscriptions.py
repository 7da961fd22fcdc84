"""What the subscriptions of a configuration want to know."""

from __future__ import annotations

import json
from typing import Any

from pedigreed.config.settings import Subscription
from pedigreed.model.instrument import Instrument
from pedigreed.service.subscriptions import watched_programs


def subscription(**watch: Any) -> Subscription:  # noqa: ANN401  # as the configuration has it
    deliver = [{"email": "a@obs.example"}]
    return Subscription.model_validate_json(json.dumps({"name": "jades", "watch": watch, "deliver": deliver}))


def test_instruments_are_asked_for_the_programs_of_all_subscriptions_together() -> None:
    watched = watched_programs(
        [
            subscription(programs=["1180:5", 1181], instruments=["nircam", "miri"]),
            subscription(programs=[1180, 1345], instruments=["nircam"]),
        ]
    )
    assert watched == {Instrument.NIRCAM: {1180, 1181, 1345}, Instrument.MIRI: {1180, 1181}}


def test_the_order_of_asking_does_not_hang_on_the_order_of_subscriptions() -> None:
    one, other = (
        subscription(programs=[1], instruments=["nirspec"]),
        subscription(programs=[2], instruments=["fgs"]),
    )
    assert list(watched_programs([one, other])) == list(watched_programs([other, one]))


def test_no_subscription_wants_nothing() -> None:
    assert not watched_programs([])
