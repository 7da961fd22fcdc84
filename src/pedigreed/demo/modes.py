"""Observing modes of the five instruments: what the headers of their products say.

Values are of the kinds that CRDS matches reference files by, each only where the instrument has the keyword.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pedigreed.model.instrument import Instrument

if TYPE_CHECKING:
    from pedigreed.demo.filters import Row


@dataclass(frozen=True, slots=True)
class Mode:
    """How an instrument was used.

    Attributes:
        instrument: whose.
        detectors: as file names spell them; each exposure has a product of each.
        header: column -> value.
    """

    instrument: Instrument
    detectors: tuple[str, ...]
    header: Row = field(default_factory=dict)


_FULL_2048: Row = {"subarray": "FULL", "substrt1": 1, "substrt2": 1, "subsize1": 2048, "subsize2": 2048}
_FULL_MIRI: Row = {"subarray": "FULL", "substrt1": 1, "substrt2": 1, "subsize1": 1032, "subsize2": 1024}
_NIRCAM: Row = {
    **_FULL_2048,
    "exp_type": "NRC_IMAGE",
    "pupil": "CLEAR",
    "module": "B",
    "coronmsk": "NONE",
    "readpatt": "DEEP8",
    "ngroups": 7,
    "noutputs": 4,
}

NIRCAM_SHORT = Mode(
    Instrument.NIRCAM,
    ("nrcb1", "nrcb2", "nrcb3", "nrcb4"),
    {**_NIRCAM, "filter": "F200W", "channel": "SHORT"},
)
NIRCAM_LONG = Mode(Instrument.NIRCAM, ("nrcblong",), {**_NIRCAM, "filter": "F444W", "channel": "LONG"})

NIRSPEC_MSA = Mode(
    Instrument.NIRSPEC,
    ("nrs1", "nrs2"),
    {
        **_FULL_2048,
        "exp_type": "NRS_MSASPEC",
        "filter": "F290LP",
        "grating": "G395M",
        "readpatt": "NRSIRS2",
        "ngroups": 19,
        "noutputs": 5,
        "lamp": "NONE",
        "opmode": "MSASPEC",
    },
)

NIRISS_SOSS = Mode(
    Instrument.NIRISS,
    ("nis",),
    {
        "exp_type": "NIS_SOSS",
        "filter": "CLEAR",
        "pupil": "GR700XD",
        "subarray": "SUBSTRIP256",
        "substrt1": 1,
        "substrt2": 1793,
        "subsize1": 2048,
        "subsize2": 256,
        "readpatt": "NISRAPID",
        "ngroups": 5,
        "noutputs": 1,
        "tsovisit": "t",
    },
)
NIRISS_IMAGE = Mode(
    Instrument.NIRISS,
    ("nis",),
    {
        **_FULL_2048,
        "exp_type": "NIS_IMAGE",
        "filter": "CLEAR",
        "pupil": "F150W",
        "readpatt": "NIS",
        "ngroups": 10,
        "noutputs": 4,
    },
)

MIRI_IMAGE = Mode(
    Instrument.MIRI,
    ("mirimage",),
    {
        **_FULL_MIRI,
        "exp_type": "MIR_IMAGE",
        "filter": "F770W",
        "readpatt": "FASTR1",
        "ngroups": 55,
        "noutputs": 4,
        "lamp": "OFF",
    },
)
_MIRI_MRS: Row = {
    **_FULL_MIRI,
    "exp_type": "MIR_MRS",
    "band": "SHORT",
    "readpatt": "SLOWR1",
    "ngroups": 25,
    "noutputs": 4,
    "lamp": "OFF",
}
MIRI_MRS_12 = Mode(Instrument.MIRI, ("mirifushort",), {**_MIRI_MRS, "channel": "12"})
MIRI_MRS_34 = Mode(Instrument.MIRI, ("mirifulong",), {**_MIRI_MRS, "channel": "34"})

FGS_IMAGE = Mode(
    Instrument.FGS,
    ("guider1",),
    {**_FULL_2048, "exp_type": "FGS_IMAGE", "readpatt": "FGS", "ngroups": 8, "noutputs": 4},
)
