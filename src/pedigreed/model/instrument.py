"""The five instruments of JWST and the detectors that name their files."""

from __future__ import annotations

from enum import StrEnum


class Instrument(StrEnum):
    """A JWST science instrument, by the name that CRDS gives it."""

    NIRCAM = "nircam"
    NIRISS = "niriss"
    NIRSPEC = "nirspec"
    MIRI = "miri"
    FGS = "fgs"

    @property
    def written(self) -> str:
        """The name as astronomers write it: ``NIRCam``, not ``nircam``."""
        return _WRITTEN[self]


_WRITTEN = {
    Instrument.NIRCAM: "NIRCam",
    Instrument.NIRISS: "NIRISS",
    Instrument.NIRSPEC: "NIRSpec",
    Instrument.MIRI: "MIRI",
    Instrument.FGS: "FGS",
}

DETECTORS: dict[str, Instrument] = {
    **dict.fromkeys(
        ("nrca1", "nrca2", "nrca3", "nrca4", "nrcalong", "nrcb1", "nrcb2", "nrcb3", "nrcb4", "nrcblong"),
        Instrument.NIRCAM,
    ),
    "nis": Instrument.NIRISS,
    "nrs1": Instrument.NIRSPEC,
    "nrs2": Instrument.NIRSPEC,
    "mirimage": Instrument.MIRI,
    "mirifulong": Instrument.MIRI,
    "mirifushort": Instrument.MIRI,
    "guider1": Instrument.FGS,
    "guider2": Instrument.FGS,
}
"""Detector, as file names spell it -> instrument (JWST file naming, stage 0 to 2)."""
