"""Names of guide-star files: ``jw00729011001_gs-id_1_image_cal.fits``.

Sources: spacetelescope/jwst, "Guide star data products", which writes ``image-cal``.
spacetelescope/jwql, whose names are the archive's: ``image_cal``, ``stream``, segments.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from pedigreed.model.instrument import Instrument
from pedigreed.model.product_type import ENDING, PRODUCT_TYPE, level_of

GUIDE_STAR = re.compile(
    r"jw([0-9]{5})([0-9]{3})([0-9]{3})_gs-(id|acq1|acq2|track|fg)(?:_(?:([0-9]{13})|(0|[1-9][0-9]{0,2})))?"
    rf"(?:-seg([0-9]{{3}}))?_((?:(?:image|stacked)_)?{PRODUCT_TYPE})({ENDING})"
)


class GuideStarFunction(StrEnum):
    """What the guider was doing."""

    IDENTIFICATION = "id"
    ACQUISITION_1 = "acq1"
    ACQUISITION_2 = "acq2"
    TRACK = "track"
    FINE_GUIDE = "fg"


@dataclass(frozen=True, slots=True)
class GuideStarName:
    """The name of a guide-star file.

    Attributes:
        program, observation, visit: numbers.
        function: what the guider was doing.
        product_type: ``uncal``, ``cal``, ``stream``, ``image_cal``, ``stacked_uncal``, ...
        ended: when the data end, as the name spells it: ``yyyydddhhmmss`` (day of the year, UTC).
        attempt: of the identification, from 1.
        segment: None where the data were not split.
        ending: the extension, after ``_thumb`` for a small preview.
    """

    program: int
    observation: int
    visit: int
    function: GuideStarFunction
    product_type: str
    ended: str | None = None
    attempt: int | None = None
    segment: int | None = None
    ending: str = ".fits"

    is_recognised: ClassVar[bool] = True
    instrument: ClassVar[Instrument] = Instrument.FGS

    @classmethod
    def of(cls, match: re.Match[str]) -> GuideStarName:
        """The name that `GUIDE_STAR` matched."""
        program, observation, visit, function, ended, attempt, segment, product_type, ending = match.groups()
        return cls(
            int(program),
            int(observation),
            int(visit),
            GuideStarFunction(function),
            product_type,
            ended,
            int(attempt) if attempt else None,
            int(segment) if segment else None,
            ending,
        )

    @property
    def level(self) -> str | None:
        """``1b`` or ``2b``; None for a product type that is not known."""
        return level_of(self.product_type)

    @property
    def fileset(self) -> str:
        """The guider's exposure, without segment."""
        which = self.ended if self.attempt is None else str(self.attempt)
        return (
            f"jw{self.program:05d}{self.observation:03d}{self.visit:03d}_gs-{self.function}"
            f"{f'_{which}' if which else ''}"
        )

    def __str__(self) -> str:
        segment = "" if self.segment is None else f"-seg{self.segment:03d}"
        return f"{self.fileset}{segment}_{self.product_type}{self.ending}"
