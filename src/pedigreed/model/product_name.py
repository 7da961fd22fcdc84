"""A JWST file name, read into its parts.

    ProductName
      +-- ExposureName       jw01091002001_03102_00001-seg001_nis_rate.fits
      +-- StageThreeName     jw01039-o004_t001_miri_ch3-long_x1d.fits
      +-- GuideStarName      jw00729011001_gs-id_1_image_cal.fits
      +-- MsaName            jw01118008001_01_msa.fits
      +-- AssociationName    jw01039-o004_20220702t204540_spec3_001_asn.json
      +-- PoolName           jw01039_20220702t204540_pool.csv
      +-- UnrecognisedName   everything else

All have program, observation, visit, instrument, product_type, level, fileset and is_recognised.
``str(name)`` is the file name. The file set is spelt as MAST spells it, where MAST's is known:
that of an exposure, and that of a stage 3 product with a target (seen with MIRI's spectrometer).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pedigreed.model.companion_name import ASSOCIATION, MSA, POOL, AssociationName, MsaName, PoolName
from pedigreed.model.exposure_name import EXPOSURE, ExposureName
from pedigreed.model.guide_star_name import GUIDE_STAR, GuideStarFunction, GuideStarName
from pedigreed.model.product_type import LONGEST_NAME, level_of, product_type_of
from pedigreed.model.stage_three_name import STAGE_THREE, StageThreeName

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "AssociationName",
    "ExposureName",
    "GuideStarFunction",
    "GuideStarName",
    "MsaName",
    "PoolName",
    "ProductName",
    "StageThreeName",
    "UnrecognisedName",
    "level_of",
    "parse_product_name",
    "product_type_of",
]

_PROGRAM = re.compile(r"jw([0-9]{5})(?:[0-9]{6})?(?![0-9])")


@dataclass(frozen=True, slots=True)
class UnrecognisedName:
    """A name outside the grammar, kept as it is. It is a file set of its own.

    Attributes:
        text: the whole name.
    """

    text: str

    is_recognised: ClassVar[bool] = False
    observation: ClassVar[None] = None
    visit: ClassVar[None] = None
    instrument: ClassVar[None] = None
    level: ClassVar[None] = None

    @property
    def program(self) -> int | None:
        """The program's number, where the name begins as JWST's names do."""
        match = _PROGRAM.match(self.text)
        return int(match[1]) if match else None

    @property
    def product_type(self) -> str:
        """What stands in the place of the product type; empty where nothing does."""
        return product_type_of(self.text)

    @property
    def fileset(self) -> str:
        """The name itself."""
        return self.text

    def __str__(self) -> str:
        return self.text


ProductName = (
    ExposureName | StageThreeName | GuideStarName | MsaName | AssociationName | PoolName | UnrecognisedName
)

_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], ProductName]], ...] = (
    (EXPOSURE, ExposureName.of),
    (STAGE_THREE, StageThreeName.of),
    (GUIDE_STAR, GuideStarName.of),
    (MSA, MsaName.of),
    (ASSOCIATION, AssociationName.of),
    (POOL, PoolName.of),
)


def parse_product_name(filename: str) -> ProductName:
    """Read a file name. Any text has an answer: what does not fit is an `UnrecognisedName`."""
    if len(filename) <= LONGEST_NAME:
        for form, name_of in _FORMS:
            if match := form.fullmatch(filename):
                return name_of(match)
    return UnrecognisedName(filename)
