"""Names of files that go with the data: shutter configurations, association tables, association pools.

Sources: spacetelescope/jwst, "MSA Metadata File" and "Association Naming".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from pedigreed.model.association_id import ASSOCIATION_ID, AssociationId, parse_association_id
from pedigreed.model.instrument import Instrument
from pedigreed.model.product_type import ENDING, PRODUCT_TYPE

_VERSION = r"[0-9]{8}t[0-9]{6}"
MSA = re.compile(rf"jw([0-9]{{5}})([0-9]{{3}})([0-9]{{3}})_([0-9a-z]{{2}})_msa({ENDING})")
ASSOCIATION = re.compile(
    rf"jw([0-9]{{5}})-({ASSOCIATION_ID})_({_VERSION})_({PRODUCT_TYPE})_([0-9]{{3,5}})_asn({ENDING})"
)
POOL = re.compile(rf"jw([0-9]{{5}})_({_VERSION})_pool({ENDING})")


@dataclass(frozen=True, slots=True)
class MsaName:
    """The name of a NIRSpec shutter configuration: ``jw01118008001_01_msa.fits``.

    Attributes:
        program, observation, visit: numbers.
        configuration: two characters that tell the visit's configurations apart.
        ending: the extension.
    """

    program: int
    observation: int
    visit: int
    configuration: str
    ending: str = ".fits"

    is_recognised: ClassVar[bool] = True
    instrument: ClassVar[Instrument] = Instrument.NIRSPEC
    product_type: ClassVar[str] = "msa"
    level: ClassVar[None] = None

    @classmethod
    def of(cls, match: re.Match[str]) -> MsaName:
        """The name that `MSA` matched."""
        program, observation, visit, configuration, ending = match.groups()
        return cls(int(program), int(observation), int(visit), configuration, ending)

    @property
    def fileset(self) -> str:
        """The configuration."""
        return f"jw{self.program:05d}{self.observation:03d}{self.visit:03d}_{self.configuration}"

    def __str__(self) -> str:
        return f"{self.fileset}_msa{self.ending}"


@dataclass(frozen=True, slots=True)
class AssociationName:
    """The name of an association table: ``jw01039-o004_20220702t204540_spec3_001_asn.json``.

    Attributes:
        program: number.
        association: the candidate.
        version: when the associations were made, ``yyyymmddthhmmss``, UTC.
        association_type: ``image2``, ``spec3``, ``nrslamp-spec2``, ...
        counter: of the tables of one type, three to five digits.
        ending: the extension.
    """

    program: int
    association: AssociationId
    version: str
    association_type: str
    counter: str
    ending: str = ".json"

    is_recognised: ClassVar[bool] = True
    visit: ClassVar[None] = None
    instrument: ClassVar[None] = None
    product_type: ClassVar[str] = "asn"
    level: ClassVar[None] = None

    @classmethod
    def of(cls, match: re.Match[str]) -> AssociationName:
        """The name that `ASSOCIATION` matched."""
        program, association, version, association_type, counter, ending = match.groups()
        return cls(int(program), parse_association_id(association), version, association_type, counter, ending)

    @property
    def observation(self) -> int | None:
        """The observation's number; None for an association across observations."""
        return self.association.observation

    @property
    def fileset(self) -> str:
        """The association."""
        return f"jw{self.program:05d}-{self.association}_{self.version}_{self.association_type}_{self.counter}"

    def __str__(self) -> str:
        return f"{self.fileset}_asn{self.ending}"


@dataclass(frozen=True, slots=True)
class PoolName:
    """The name of a program's association pool: ``jw01039_20220702t204540_pool.csv``.

    Attributes:
        program: number.
        version: when the associations were made, ``yyyymmddthhmmss``, UTC.
        ending: the extension.
    """

    program: int
    version: str
    ending: str = ".csv"

    is_recognised: ClassVar[bool] = True
    observation: ClassVar[None] = None
    visit: ClassVar[None] = None
    instrument: ClassVar[None] = None
    product_type: ClassVar[str] = "pool"
    level: ClassVar[None] = None

    @classmethod
    def of(cls, match: re.Match[str]) -> PoolName:
        """The name that `POOL` matched."""
        program, version, ending = match.groups()
        return cls(int(program), version, ending)

    @property
    def fileset(self) -> str:
        """The pool."""
        return f"jw{self.program:05d}_{self.version}"

    def __str__(self) -> str:
        return f"{self.fileset}_pool{self.ending}"
