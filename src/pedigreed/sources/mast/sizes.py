"""How large a question each of MAST's services was found to answer, so that it is not asked for too much again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pedigreed.model.instrument import Instrument


@dataclass(slots=True)
class QuestionSizes:
    """What was learnt after a question that was too slow or too big.

    Attributes:
        programs: instrument -> about how many programs one question may be.
        parts: instrument and program -> in how many parts, by observation, the program's rows are asked for.
    """

    programs: dict[Instrument, int] = field(default_factory=dict)
    parts: dict[tuple[Instrument, int], int] = field(default_factory=dict)

    def answered(self, instrument: Instrument, programs: int) -> None:
        """A question of so many programs was answered, after a larger one was too much."""
        self.programs[instrument] = max(programs, self.programs.get(instrument, 0))
