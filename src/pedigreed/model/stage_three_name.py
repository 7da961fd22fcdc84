"""Names of files that combine exposures: ``jw01039-o004_t001_miri_ch3-long_x1d.fits``.

Sources: spacetelescope/jwst, "File Naming Schemes", and its rules for the names of stage 3 products.
The rules give fixed-slit spectra both a target and a source, which the scheme does not say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from pedigreed.model.association_id import ASSOCIATION_ID, AssociationId, parse_association_id
from pedigreed.model.instrument import DETECTORS, Instrument
from pedigreed.model.product_type import ENDING, PRODUCT_TYPE

_SOURCE = r"[sbv][0-9]{5,9}"
STAGE_THREE = re.compile(
    rf"jw([0-9]{{5}})-({ASSOCIATION_ID})_(?:(t[0-9]{{3,4}})(?:-({_SOURCE}))?|({_SOURCE}))(?:-epoch([0-9]))?"
    r"_(nircam|niriss|nirspec|miri|fgs)(?:_([a-z0-9]++(?:[-_][a-z0-9]++){0,11}))?"
    rf"_({PRODUCT_TYPE})(?:-([0-9][0-9a-z]))?({ENDING})"
)

_SUBARRAYS_BY_OTHER_NAMES = frozenset(
    (
        *("8x8", "32x32", "128x128", "2048x64", "allslits", "brightsky", "fullp", "full_irs2"),
        *("mask1065", "mask1140", "mask1550", "masklyot", "slitlessprism"),
        *("slitlessprism_ip", "slitlessprism_ips"),
        *("mask210r", "mask335r", "mask430r", "masklwb", "maskswb"),
        *("maska210r", "maska335r", "maska430r", "maskblwb", "maskbswb"),
        *("wfss64c", "wfss64r", "wfss128c", "wfss128r"),
    )
)
"""Subarrays whose names do not begin with ``sub`` (source: stdatamodels, the values of SUBARRAY)."""

_CORONAGRAPHY_AS_IMAGING = "image3"


@dataclass(frozen=True, slots=True)
class StageThreeName:
    """The name of a stage 3 file.

    Attributes:
        program: number.
        association: the candidate that was combined.
        target: ``t001``; None for a file of one source.
        source: ``s000123456``, ``b...`` (background) or ``v...`` (virtual), with fewer digits in older names;
            None for a file of a whole target.
        epoch: number; None where the proposal has no epochs.
        instrument: the instrument.
        optics: the field that lists optical elements, detector and subarray, as the name spells it.
            Empty where the name has none.
        product_type: ``i2d``, ``x1d``, ``ami-oi``, ...
        activity: two digits of base 36, of wavefront sensing; None elsewhere.
        ending: the extension, after ``_thumb`` for a small preview.
    """

    program: int
    association: AssociationId
    target: str | None
    source: str | None
    epoch: int | None
    instrument: Instrument
    optics: str
    product_type: str
    activity: str | None = None
    ending: str = ".fits"

    is_recognised: ClassVar[bool] = True
    level: ClassVar[str] = "3"
    visit: ClassVar[None] = None

    @classmethod
    def of(cls, match: re.Match[str]) -> StageThreeName:
        """The name that `STAGE_THREE` matched."""
        program, association, target, with_target, alone, epoch, instrument, optics, *rest = match.groups()
        product_type, activity, ending = rest
        return cls(
            int(program),
            parse_association_id(association),
            target,
            with_target or alone,
            int(epoch) if epoch else None,
            Instrument(instrument),
            optics or "",
            product_type,
            activity,
            ending,
        )

    @property
    def observation(self) -> int | None:
        """The observation's number; None for a file of several observations."""
        return self.association.observation

    @property
    def optical_elements(self) -> tuple[str, ...]:
        """Filters, pupils, gratings, channels and slits, in the name's order."""
        return tuple(
            element
            for part in self.optics.split("-")
            if part not in DETECTORS and part != _CORONAGRAPHY_AS_IMAGING and not _is_subarray(part)
            for element in part.split("_")
            if element
        )

    @property
    def subarray(self) -> str | None:
        """The subarray; None for the full frame."""
        return next((part for part in self.optics.split("-") if _is_subarray(part)), None)

    @property
    def detector(self) -> str | None:
        """The detector, of wavefront sensing; None elsewhere."""
        return next((part for part in self.optics.split("-") if part in DETECTORS), None)

    @property
    def fileset(self) -> str:
        """The association's product, up to its instrument."""
        subject = "-".join(part for part in (self.target, self.source) if part)
        epoch = "" if self.epoch is None else f"-epoch{self.epoch}"
        return f"jw{self.program:05d}-{self.association}_{subject}{epoch}_{self.instrument}"

    def __str__(self) -> str:
        optics = f"_{self.optics}" if self.optics else ""
        activity = f"-{self.activity}" if self.activity else ""
        return f"{self.fileset}{optics}_{self.product_type}{activity}{self.ending}"


def _is_subarray(part: str) -> bool:
    return part.startswith(("sub", "full_supstp")) or part in _SUBARRAYS_BY_OTHER_NAMES
