"""What was observed: exposures and combinations of them, and the products that the archive has of each.

Names follow the JWST file naming: ``jw<program><obs><visit>_<group><sequence><activity>_<exposure>`` with the
segment, the detector and the product type; ``jw<program>-<association>_<target>_<instrument>`` for stage 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from pedigreed.demo.modes import Mode

LEVELS = {
    "uncal": "1b",
    "ramp": "2a",
    "rate": "2a",
    "rateints": "2a",
    "crf": "2c",
}
"""Product type of an exposure -> the archive's level; every other type is 2b."""

_AN_EXPOSURE = timedelta(minutes=21)
_AN_OBSERVATION = timedelta(hours=5)


@dataclass(frozen=True, slots=True)
class RecordedProduct:
    """A product of the recorded archive, without its history.

    Attributes:
        filename, fileset, level, product_type: as the archive has them.
        mode: how it was observed.
        program, observation, visit, exposure: numbers. A combination has those of its first exposure.
        detector: as the header spells it; MULTIPLE for a combination of several.
        segment: (number, of how many); None where the exposure is in one piece.
        observed_at: the start of the observation, UTC.
        public_at: the end of the exclusive-access period, UTC.
    """

    filename: str
    fileset: str
    level: str
    product_type: str
    mode: Mode
    program: int
    observation: int
    visit: int
    exposure: int
    detector: str
    segment: tuple[int, int] | None
    observed_at: datetime
    public_at: datetime


@dataclass(frozen=True, slots=True)
class Exposures:
    """Exposures of some observations of a program in one mode.

    Attributes:
        product_types: what the archive has of each exposure and detector.
        exposures: how many exposures an observation has.
        segments: into how many files a long exposure is cut; 0 for none.
        group: visit group, parallel sequence and activity of the file names.
        begin: the start of the first observation, UTC.
        exclusive_for: how long the data are exclusive.
    """

    program: int
    observations: tuple[int, ...]
    mode: Mode
    product_types: tuple[str, ...]
    begin: datetime
    exposures: int = 1
    segments: int = 0
    group: str = "02101"
    exclusive_for: timedelta = timedelta(0)

    def products(self) -> Iterator[RecordedProduct]:
        for nth, observation in enumerate(self.observations):
            observed_at = self.begin + nth * _AN_OBSERVATION
            for exposure in range(1, self.exposures + 1):
                fileset = f"jw{self.program:05d}{observation:03d}001_{self.group}_{exposure:05d}"
                for detector in self.mode.detectors:
                    for segment in range(1, self.segments + 1) or (None,):
                        for product_type in self.product_types:
                            yield RecordedProduct(
                                filename=_exposure_name(fileset, segment, detector, product_type, observation),
                                fileset=fileset,
                                level=LEVELS.get(product_type, "2b"),
                                product_type=product_type,
                                mode=self.mode,
                                program=self.program,
                                observation=observation,
                                visit=1,
                                exposure=exposure,
                                detector=detector.upper(),
                                segment=(segment, self.segments) if segment else None,
                                observed_at=observed_at + (exposure - 1) * _AN_EXPOSURE,
                                public_at=observed_at + self.exclusive_for,
                            )


@dataclass(frozen=True, slots=True)
class Combined:
    """Stage 3 products of an association.

    Attributes:
        association: ``o007`` for one observation, ``c1001`` for several.
        observation: the first of them.
        targets: target, or sources of a multi-object spectrum: ``t001``, ``s000001234``.
        elements: optical elements, and the subarray where it is not full: ``clear-f200w``.
        product_types: of each target and element.
        begin, exclusive_for: as of `Exposures`.
    """

    program: int
    association: str
    observation: int
    mode: Mode
    elements: tuple[str, ...]
    product_types: tuple[str, ...]
    begin: datetime
    targets: tuple[str, ...] = ("t001",)
    exclusive_for: timedelta = timedelta(0)

    def products(self) -> Iterator[RecordedProduct]:
        for target in self.targets:
            fileset = f"jw{self.program:05d}-{self.association}_{target}_{self.mode.instrument.value}"
            for element in self.elements:
                for product_type in self.product_types:
                    yield RecordedProduct(
                        filename=f"{fileset}_{element}_{product_type}.fits",
                        fileset=fileset,
                        level="3",
                        product_type=product_type,
                        mode=self.mode,
                        program=self.program,
                        observation=self.observation,
                        visit=1,
                        exposure=1,
                        detector=self.mode.detectors[0].upper() if len(self.mode.detectors) == 1 else "MULTIPLE",
                        segment=None,
                        observed_at=self.begin,
                        public_at=self.begin + self.exclusive_for,
                    )


def _exposure_name(fileset: str, segment: int | None, detector: str, product_type: str, observation: int) -> str:
    cut = f"-seg{segment:03d}" if segment else ""
    of_association = f"_o{observation:03d}" if product_type == "crf" else ""
    return f"{fileset}{cut}_{detector}{of_association}_{product_type}.fits"
