"""A clock that is wrong for a while: nothing is told twice, left out, or put off for ever."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from mail_server import silent_socket
from observatory import Observatory, to
from watcher import DAY_0

if TYPE_CHECKING:
    from collections.abc import Iterator

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class Reprocessing:
    """One product after the other gets a context of its own, by which its change is known in a digest."""

    def __init__(self, obs: Observatory) -> None:
        self._obs = obs
        self._names = list(obs.holdings.rows)[:3]
        self.contexts: list[str] = []

    def goes_on(self, at: datetime) -> None:
        context = 1600 + len(self.contexts)
        self._obs.holdings.remake([self._names[len(self.contexts) % 3]], at, context=context)
        self.contexts.append(f"jwst_{context}")


def told(obs: Observatory) -> list[str]:
    """Every context that digests say a product was moved to, as often as it is told."""
    return [context for mail in obs.mail.mails for context in _moved_to(mail.read.get_body(("plain",)))]


def _moved_to(body: object) -> Iterator[str]:
    text = body.get_content()  # type: ignore[attr-defined]  # the library says no more than that it is a mail
    return (found[1] for found in re.finditer(r"-> (jwst_16\d\d)", text))


@pytest.mark.failure("the clock is set back")
@pytest.mark.failure("the clock is set forward")
def test_a_clock_that_goes_back_an_hour_and_forward_a_day_repeats_and_skips_nothing(obs: Observatory) -> None:
    obs.configure(to("a@x.example"))
    reprocessing = Reprocessing(obs)
    obs.cycle(DAY_0)
    for real, shown in [
        (DAY_0 + DAY, DAY_0 + DAY),
        (DAY_0 + DAY + HOUR, DAY_0 + DAY - HOUR),
        (DAY_0 + DAY + 2 * HOUR, DAY_0 + 2 * DAY + 2 * HOUR),
        (DAY_0 + DAY + 3 * HOUR, DAY_0 + DAY + 3 * HOUR),
        (DAY_0 + 2 * DAY, DAY_0 + 2 * DAY),
        (DAY_0 + 3 * DAY, DAY_0 + 3 * DAY),
        (DAY_0 + 4 * DAY, DAY_0 + 4 * DAY),
    ]:
        reprocessing.goes_on(real - HOUR / 2)
        obs.cycle(shown)
    assert sorted(told(obs)) == reprocessing.contexts
    assert len({mail.message_id for mail in obs.mail.mails}) == len(obs.mail.mails)


@pytest.mark.failure("the clock is set forward")
def test_what_a_clock_that_was_a_year_ahead_put_off_is_sent_when_it_is_right_again(obs: Observatory) -> None:
    with silent_socket() as reserved:
        obs.email = {"port": reserved.getsockname()[1]}
        obs.configure(to("a@x.example"))
        obs.cycle(DAY_0)
        obs.cycle(DAY_0 + 400 * DAY)
        up = obs.opens(at=reserved.dup())
        obs.cycle(DAY_0 + DAY)
    assert len(up.mails) == 1


@pytest.mark.failure("the clock is set forward")
def test_one_mail_that_a_clock_a_year_ahead_put_off_is_sent_when_it_is_right_again(obs: Observatory) -> None:
    obs.mail.refused = {"a@x.example": "451 greylisted"}
    obs.configure(to("a@x.example"))
    obs.cycle(DAY_0)
    obs.cycle(DAY_0 + 400 * DAY)
    obs.mail.refused.clear()
    obs.cycle(DAY_0 + DAY)
    assert len(obs.mail.mails) == 1


@pytest.mark.failure("the host slept for days")
def test_a_machine_that_slept_for_a_week_tells_everything_in_one_digest(obs: Observatory) -> None:
    obs.configure(to("a@x.example"))
    reprocessing = Reprocessing(obs)
    obs.cycle(DAY_0)
    for day in range(3):
        reprocessing.goes_on(DAY_0 + (day + 0.5) * DAY)
    obs.cycle(DAY_0 + 7 * DAY + 5 * HOUR)
    assert len(obs.mail.mails) == 2
    assert sorted(told(obs)) == reprocessing.contexts
    obs.cycle(DAY_0 + 8 * DAY)
    assert len(obs.mail.mails) == 2
