"""The daemon beside a clock that goes on, jumps forward as after a sleep, and goes back."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from background import wait_until
from observatory import Observatory, to
from watcher import DAY_0

if TYPE_CHECKING:
    from set_clock import SetClock

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.mark.failure("the clock is set back")
@pytest.mark.failure("the host slept for days")
def test_through_sleep_and_clocks_that_go_back_each_change_is_told_once(
    file_obs: Observatory, clock: SetClock
) -> None:
    obs = file_obs
    obs.environ |= clock.environ
    obs.configure(to("a@x.example"))
    names = list(obs.holdings.rows)[:3]

    def is_set(now: datetime) -> None:
        obs.archive.now = now
        clock.set(now)

    is_set(DAY_0 + HOUR)
    with obs.daemon() as daemon:
        wait_until(lambda: obs.mail.mails)
        daemon.rest()
        asked = len(obs.archive.requests)
        obs.holdings.remake([names[0]], DAY_0 + 20 * HOUR, context=1600)

        is_set(DAY_0 + DAY - 15 * MINUTE)
        wait_until(lambda: len(obs.archive.requests) > asked)
        daemon.rest()
        assert len(obs.mail.mails) == 1, "asked before the digest, and not told before its time"

        is_set(DAY_0 + DAY)
        wait_until(lambda: len(obs.mail.mails) == 2)
        daemon.rest()
        assert contexts_in(obs) == ["1600"]

        is_set(DAY_0 + DAY - HOUR)
        daemon.tick()
        daemon.rest()
        assert len(obs.mail.mails) == 2, "nothing is told again"

        obs.holdings.remake([names[1]], DAY_0 + 1.5 * DAY, context=1601)
        obs.holdings.remake([names[2]], DAY_0 + 3.5 * DAY, context=1602)
        is_set(DAY_0 + 4 * DAY + 3 * HOUR)
        wait_until(lambda: len(obs.mail.mails) == 3)
        daemon.rest()
        assert contexts_in(obs) == ["1600", "1601", "1602"], "one digest, with all that came meanwhile"
        assert "NOT CHECKED" not in text_of_last(obs)

        is_set(DAY_0 + 4 * DAY + 20 * HOUR)
        daemon.rest()
        assert len(obs.mail.mails) == 3

        is_set(DAY_0 - 30 * DAY)
        daemon.tick()
        assert daemon.end() == 0
    assert len({mail.message_id for mail in obs.mail.mails}) == len(obs.mail.mails)


def text_of_last(obs: Observatory) -> str:
    body = obs.mail.mails[-1].read.get_body(("plain",))
    assert body is not None
    text: str = body.get_content()
    return text


def contexts_in(obs: Observatory) -> list[str]:
    """Every context that digests say a product was moved to, as often as it is told."""
    return sorted(
        context
        for mail in obs.mail.mails
        for context in re.findall(r"-> jwst_(16\d\d)", mail.content.decode().replace("=\r\n", ""))
    )
