"""The five instruments of JWST and the detectors that name their files."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Instrument(StrEnum):
    """A JWST science instrument, by the name that CRDS gives it."""

    NIRCAM = "nircam"
    NIRISS = "niriss"
    NIRSPEC = "nirspec"
    MIRI = "miri"
    FGS = "fgs"

    # A member is found by its text, too, and a million are found by their instrument.
    __hash__ = str.__hash__

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


def instruments_in_words(names: Sequence[str]) -> str:
    """``all 5 instruments``, or ``NIRCam and MIRI``."""
    if len(names) == len(Instrument):
        return f"all {len(names)} instruments"
    *some, last = names
    return f"{', '.join(some)} and {last}" if some else last


def by_reason(reasons: Iterable[tuple[str, str]]) -> list[str]:
    """Each reason once, of pairs of an instrument and why it did not answer.

    ``NIRCam: HTTP 504``, and of several ``HTTP 504 (NIRCam and MIRI)``.
    """
    instruments: dict[str, dict[str, None]] = {}
    for name, reason in reasons:
        instruments.setdefault(reason, {})[name] = None
    return [
        f"{next(iter(names))}: {reason}" if len(names) == 1 else f"{reason} ({instruments_in_words([*names])})"
        for reason, names in instruments.items()
    ]


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
