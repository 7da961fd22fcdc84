"""Names of files made from one exposure: ``jw01091002001_03102_00001-seg001_nis_rate.fits``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from pedigreed.model.association_id import ASSOCIATION_ID, AssociationId, parse_association_id
from pedigreed.model.instrument import DETECTORS, Instrument
from pedigreed.model.product_type import ENDING, PRODUCT_TYPE, level_of

EXPOSURE = re.compile(
    r"jw([0-9]{5})([0-9]{3})([0-9]{3})_([0-9]{2})([0-9])([0-9a-z]{2})_([0-9]{5})(?:-seg([0-9]{3}))?"
    rf"_([a-z][a-z0-9]*+)(?:_({ASSOCIATION_ID}))?_(?!(?:{ASSOCIATION_ID})[._])({PRODUCT_TYPE})({ENDING})"
)


@dataclass(frozen=True, slots=True)
class ExposureName:
    """The name of a stage 0 to 2 file, or of a stage 3 file that still holds one exposure.

    Attributes:
        program, observation, visit: numbers.
        visit_group: number of the group within the visit.
        parallel_sequence: 1 for prime, 2 to 5 for parallel.
        activity: two digits of base 36.
        exposure: the exposure's number.
        detector: as the name spells it: ``nrca1``, ``mirimage``.
        product_type: ``uncal``, ``rate``, ``cal``, ...
        segment: of a long exposure; None where it was not split.
        association: the association that the file was made in; None before that stage.
        ending: the extension, after ``_thumb`` for a small preview.
    """

    program: int
    observation: int
    visit: int
    visit_group: int
    parallel_sequence: int
    activity: str
    exposure: int
    detector: str
    product_type: str
    segment: int | None = None
    association: AssociationId | None = None
    ending: str = ".fits"

    is_recognised: ClassVar[bool] = True

    @classmethod
    def of(cls, match: re.Match[str]) -> ExposureName:
        """The name that `EXPOSURE` matched."""
        program, observation, visit, group, sequence, activity, exposure, *rest = match.groups()
        segment, detector, association, product_type, ending = rest
        return cls(
            int(program),
            int(observation),
            int(visit),
            int(group),
            int(sequence),
            activity,
            int(exposure),
            detector,
            product_type,
            int(segment) if segment else None,
            parse_association_id(association) if association else None,
            ending,
        )

    @property
    def instrument(self) -> Instrument | None:
        """The detector's instrument; None for a detector that is not known."""
        return DETECTORS.get(self.detector)

    @property
    def level(self) -> str | None:
        """``1b``, ``2a``, ``2b`` or ``2c``; None for a product type that is not known."""
        return "2c" if self.association else level_of(self.product_type)

    @property
    def fileset(self) -> str:
        """The exposure, without segment and detector."""
        return (
            f"jw{self.program:05d}{self.observation:03d}{self.visit:03d}"
            f"_{self.visit_group:02d}{self.parallel_sequence}{self.activity}_{self.exposure:05d}"
        )

    def __str__(self) -> str:
        segment = "" if self.segment is None else f"-seg{self.segment:03d}"
        association = f"_{self.association}" if self.association else ""
        return f"{self.fileset}{segment}_{self.detector}{association}_{self.product_type}{self.ending}"
