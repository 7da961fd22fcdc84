"""Products of one kind of exposure, by which reference types they use is found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pedigreed.model.instrument import Instrument


@dataclass(frozen=True, slots=True)
class ExposureUse:
    """That there are products of this kind.

    Attributes:
        instrument, program, observation, level: see `Product`.
        exp_type: EXP_TYPE as the header has it, ``MIR_MRS``; None where the archive has none.
    """

    instrument: Instrument
    program: int
    observation: int | None
    level: str
    exp_type: str | None
