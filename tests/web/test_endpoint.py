"""The endpoint as the daemon has it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pedigreed.web.endpoint import Pulse


@pytest.mark.process
def test_who_has_none_has_not_what_it_takes_in_memory() -> None:
    script = (
        "import sys, pedigreed.web.endpoint, pedigreed.daemon.daemon, pedigreed.config.load; "
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    imported = set(done.stdout.split())
    assert "apscheduler" in imported
    assert imported & {"aiohttp", "prometheus_client"} == set()


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
