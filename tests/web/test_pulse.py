"""Whether the daemon lives."""

from __future__ import annotations

from pedigreed.web.pulse import Pulse


def trouble_of(pulse: Pulse) -> str | None:
    return pulse.trouble


def test_it_lives_from_its_first_beat_until_three_ticks_after_the_last() -> None:
    now = 1000.0
    pulse = Pulse(30.0, lambda: now)
    assert trouble_of(pulse) == "no look at the clock went well yet"
    pulse.beat()
    now += 89
    assert trouble_of(pulse) is None
    now += 1
    assert trouble_of(pulse) == "no look at the clock went well for 90 s"
    pulse.beat()
    assert trouble_of(pulse) is None
    assert pulse.last is not None
