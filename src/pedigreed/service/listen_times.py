"""When each source of CRDS's news is read. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from pedigreed.model.pause import nth_pause
from pedigreed.service.turns import last_turn

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from pedigreed.model.source_state import SourceState
    from pedigreed.sources.source import Source

RETRIES = tuple(timedelta(minutes=minutes) for minutes in (15, 60, 240))
"""After a reading that was not complete; the last one repeats."""

LONGEST_LISTENING = timedelta(minutes=10)
"""How long a digest waits for the news of CRDS. What was read less long ago is new enough for it."""

LONGEST = timedelta(minutes=30)
"""A listening that began so long ago and did not end has no process any more."""

AHEAD = timedelta(hours=1)
"""A reading from a later time than this was dated by a clock that was wrong."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A source that the configuration names.

    Attributes:
        name: the source's.
        every: how often it is read.
        place: where among all installations this one stands with it, from 0 to 1.
        open: makes the source. It is not called before the source is read.
    """

    name: str
    every: timedelta
    place: float
    open: Callable[[], Source]


def is_reading_due(listed: Listed, state: SourceState | None, now: datetime) -> bool:
    """Whether it is the source's turn."""
    if state is None or state.asked_at > now + AHEAD:
        return True
    if state.failures and now >= state.asked_at + min(nth_pause(RETRIES, state.failures), listed.every):
        return True
    return state.asked_at < last_turn(listed.every, listed.place, now)


def is_awaited(listed: Listed, state: SourceState | None, now: datetime) -> bool:
    """Whether a digest waits for the source: its turn has come, and it was not read a moment ago."""
    return is_reading_due(listed, state, now) and (state is None or abs(now - state.asked_at) >= LONGEST_LISTENING)
