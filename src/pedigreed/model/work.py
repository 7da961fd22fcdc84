"""The four kinds of work, and a run: one time that one of them was done."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pedigreed.model.delivery import DeliveryState


class Work(StrEnum):
    """The parts of a cycle. None waits for another."""

    LISTEN = "listen"
    """Read what CRDS, feeds and mails announce, and keep it."""
    ASK = "ask"
    """Ask the archive, compare, and keep what it says."""
    TELL = "tell"
    """Compose the digests that are due, deliver, and look after pedigreed itself."""
    FETCH = "fetch"
    """Fetch the files that subscriptions want to have, after their digests."""

    @property
    def in_words(self) -> str:
        """``asking MAST``."""
        return _IN_WORDS[self]


_IN_WORDS = {
    Work.LISTEN: "reading CRDS's news",
    Work.ASK: "asking MAST",
    Work.TELL: "telling",
    Work.FETCH: "fetching files",
}


BROKEN_OFF = "broken off: "
"""How the problem of a run begins that did not come to its end, whatever ended it."""

INTERRUPTED = f"{BROKEN_OFF}pedigreed itself was ended"
"""The problem of a run whose process ended together with the daemon."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run. All times are UTC.

    Attributes:
        key: the row's number.
        work: which part.
        started_at: when it began.
        ended_at: when it ended; None while it goes on, or if its process was killed.
        requests, rows, changes: of an asking.
        digests, deliveries: of a telling: how many were composed, and how many attempts were made.
        problem: why it was not complete; None if it was.
        outcomes: of a telling: where the deliveries stood after the attempts. It is added up, not kept.
    """

    key: int
    work: Work
    started_at: datetime
    ended_at: datetime | None = None
    requests: int = 0
    rows: int = 0
    changes: int = 0
    digests: int = 0
    deliveries: int = 0
    problem: str | None = None
    outcomes: Mapping[DeliveryState, int] = field(default_factory=dict)

    @property
    def came_to_its_end(self) -> bool:
        """Whether it did all that it had begun, with whatever success. What goes on still did not."""
        return self.ended_at is not None and not (self.problem or "").startswith(BROKEN_OFF)

    @property
    def death(self) -> str:
        """Why it did not come to its end, as far as that is known: a few words."""
        if self.ended_at is None:
            return "no end of it is known"
        return (self.problem or "").removeprefix(BROKEN_OFF)

    def amounts(self) -> dict[str, int]:
        """What it did, in numbers that can be added up over all runs. `milliseconds` is how long it took."""
        took = 0 if self.ended_at is None else round((self.ended_at - self.started_at).total_seconds() * 1000)
        return {
            "complete" if self.problem is None else "incomplete": 1,
            "milliseconds": max(took, 0),
            "requests": self.requests,
            "rows": self.rows,
            "changes": self.changes,
            "digests": self.digests,
            **{state.value: count for state, count in self.outcomes.items()},
        }
