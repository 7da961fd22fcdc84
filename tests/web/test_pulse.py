"""Whether the daemon lives."""

from __future__ import annotations

from pedigreed.web.pulse import Pulse


def test_it_lives_from_its_first_beat_until_three_ticks_after_the_last() -> None:
    now = 1000.0
    pulse = Pulse(30.0, lambda: now)
    assert pulse.trouble == "no look at the clock went well yet"
    assert pulse.last is None
    pulse.beat()
    now += 89
    assert pulse.trouble is None
    now += 1
    assert pulse.trouble == "no look at the clock went well for 90 s"
    pulse.beat()
    assert pulse.trouble is None
    assert pulse.last is not None
