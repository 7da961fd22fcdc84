"""What was asked of the archive about a program, and how far the answers can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from pedigreed.model.instrument import Instrument


@dataclass(frozen=True, slots=True)
class Coverage:
    """The state of one program in one instrument's keyword service. All times are UTC.

    Attributes:
        instrument, program: what was asked.
        baseline_at: the first complete answer; None until there is one. Before it, no product is new.
        asked_at: the last time that it was asked.
        complete_at: the last time that the answer was complete.
        sweep_at: the last complete answer that was asked for everything.
        problem: why the last answer was not complete; None if it was.
    """

    instrument: Instrument
    program: int
    baseline_at: datetime | None = None
    asked_at: datetime | None = None
    complete_at: datetime | None = None
    sweep_at: datetime | None = None
    problem: str | None = None
