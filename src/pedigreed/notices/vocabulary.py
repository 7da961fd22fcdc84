"""The words that people use for instruments, modes and reference types.

Types come from the table of reference types: each by its name and by its title. `_SAID` adds what else is said.
Some names are words of English (dark, mask, area) or common abbreviations (MSA, PSF). Those need company: see
`pedigreed.notices.naming`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, ClassVar, TypeVar

from pedigreed.model.instrument import DETECTORS, Instrument
from pedigreed.model.reference_file import reference_types

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


class Needs(Enum):
    """What must stand beside a phrase so that it names a reference type."""

    NOTHING = "nothing"
    CAPITALS = "capitals or company"
    COMPANY = "company"


@dataclass(frozen=True, slots=True)
class TypePhrase:
    """A way to name a reference type.

    Attributes:
        words: in lower case.
        reference_type: CRDS's name.
        needs: what must stand beside it.
    """

    words: tuple[str, ...]
    reference_type: str
    needs: Needs

    is_capital: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class ModePhrase:
    """A way to name an observing mode.

    Attributes:
        words: in lower case.
        mode: as it is told, ``MRS``.
        instrument: the only one that has it; None where there are several.
        is_capital: whether it names the mode in capitals only.
    """

    words: tuple[str, ...]
    mode: str
    instrument: Instrument | None
    is_capital: bool


Phrase = TypeVar("Phrase", TypePhrase, ModePhrase)

INSTRUMENT_WORDS: Mapping[str, Instrument] = {instrument.value: instrument for instrument in Instrument}
CAPITAL_WORDS: Mapping[str, Instrument] = {
    **DETECTORS,
    **dict.fromkeys(("fastr1", "slowr1", "fastgrpavg", "fastr100", "slitlessprism"), Instrument.MIRI),
    **dict.fromkeys(("mask1065", "mask1140", "mask1550", "masklyot"), Instrument.MIRI),
    **dict.fromkeys(("nrsrapid", "nrsirs2", "nrsirs2rapid", "irs2", "allslits"), Instrument.NIRSPEC),
    **dict.fromkeys(("nisrapid",), Instrument.NIRISS),
}
"""Detectors, readout patterns and subarrays that one instrument alone has, which name it in capitals."""
EXPOSURE_PREFIXES: Mapping[str, Instrument] = {
    "MIR": Instrument.MIRI,
    "NRC": Instrument.NIRCAM,
    "NIS": Instrument.NIRISS,
    "NRS": Instrument.NIRSPEC,
    "FGS": Instrument.FGS,
}
"""How an EXP_TYPE begins."""
EXPOSURE_MODES: Mapping[str, str] = {
    "IMAGE": "imaging",
    "MRS": "MRS",
    "LRS-FIXEDSLIT": "LRS",
    "LRS-SLITLESS": "LRS",
    "IFU": "IFU",
    "MSASPEC": "MOS",
    "FIXEDSLIT": "FS",
    "BRIGHTOBJ": "BOTS",
    "WFSS": "WFSS",
    "SOSS": "SOSS",
    "AMI": "AMI",
    "TSIMAGE": "TSO",
    "TSGRISM": "TSO",
    **dict.fromkeys(("CORON", "LYOT", "4QPM"), "coronagraphy"),
}
"""How an EXP_TYPE goes on."""

_CAPITALS = frozenset(
    {
        *("amplifier", "area", "bkg", "camera", "collimator", "dark", "disperser", "distortion", "flat", "fore"),
        *("fringe", "gain", "ipc", "linearity", "mask", "regions", "reset", "saturation", "throughput"),
    }
)
"""Words of English, which are types in capitals."""
_COMPANY = frozenset({"fpa", "msa", "nrm", "ote", "psf"})
"""Abbreviations that are in capitals whatever they mean."""
_SAID: dict[str, tuple[str, ...]] = {
    "apcorr": ("aperture corrections",),
    "area": ("pixel area",),
    "dark": ("dark frame",),
    "dflat": ("d flat",),
    "emicorr": ("emi corr",),
    "extract1d": ("extract 1d", "spectral extraction", "1d extraction", "1d spectral extraction"),
    "fflat": ("f flat",),
    "flat": ("flatfield", "pixel flat", "flat field"),
    "fringe": ("fringe flat",),
    "ipc": ("inter pixel capacitance",),
    "mask": ("bad pixel map", "dq mask"),
    "msaoper": ("msa operability", "shutter operability"),
    "pathloss": ("path loss", "slit loss"),
    "photom": (
        *("flux calibration", "photometric calibration", "photometric correction"),
        *("absolute flux calibration", "absolute photometric calibration"),
    ),
    "pictureframe": ("picture frame",),
    "readnoise": ("readout noise",),
    "refpix": ("reference pixel correction",),
    "sflat": ("s flat",),
    "sirskernel": ("sirs kernel",),
    "specwcs": ("spectral wcs",),
    "superbias": ("superbiases",),
    "tsophot": ("tso photometry",),
    "wavecorr": ("wavelength correction",),
}
_SAID_IN_COMPANY: dict[str, tuple[str, ...]] = {
    "dark": ("dark current",),
    "linearity": ("nonlinearity", "non linearity"),
    "mask": ("bad pixel", "dead pixel", "hot pixel"),
    "photom": ("photometric", "photometry", "flux conversion"),
    "superbias": ("bias",),
    "wavelengthrange": ("wavelength range",),
}
_EVERYDAY_TITLES = frozenset(
    {
        *("distortion", "gain", "wavelength range", "throughput", "saturation threshold"),
        *("picture frame reference", "filter throughput"),
    }
)
_MODES: tuple[tuple[str, Instrument | None, bool, tuple[str, ...]], ...] = (
    ("MRS", Instrument.MIRI, True, ("mrs",)),
    ("MRS", Instrument.MIRI, False, ("medium resolution spectroscopy", "medium resolution spectrometer")),
    ("LRS", Instrument.MIRI, True, ("lrs",)),
    ("LRS", Instrument.MIRI, False, ("low resolution spectroscopy", "low resolution spectrometer")),
    ("IFU", None, True, ("ifu",)),
    ("MOS", Instrument.NIRSPEC, True, ("mos",)),
    ("MOS", Instrument.NIRSPEC, False, ("multi object spectroscopy",)),
    ("FS", None, False, ("fixed slit",)),
    ("BOTS", Instrument.NIRSPEC, True, ("bots",)),
    ("BOTS", Instrument.NIRSPEC, False, ("bright object time series",)),
    ("WFSS", None, True, ("wfss",)),
    ("WFSS", None, False, ("wide field slitless spectroscopy",)),
    ("SOSS", Instrument.NIRISS, True, ("soss", "gr700xd")),
    ("AMI", Instrument.NIRISS, True, ("ami",)),
    ("AMI", Instrument.NIRISS, False, ("aperture masking interferometry",)),
    ("TSO", None, True, ("tso", "tsgrism")),
    ("TSO", None, False, ("time series",)),
    (
        "coronagraphy",
        None,
        False,
        ("coronagraphy", "coronagraphic", "coronagraph", "coronographic", "coronograph"),
    ),
    ("coronagraphy", Instrument.MIRI, True, ("4qpm",)),
    ("imaging", None, False, ("imaging", "imager")),
)


@cache
def type_phrases() -> Mapping[str, tuple[TypePhrase, ...]]:
    """Every way to name a type by its first word, the longest first."""
    return _by_first_word(_type_phrases())


@cache
def mode_phrases() -> Mapping[str, tuple[ModePhrase, ...]]:
    """Every way to name a mode by its first word, the longest first."""
    return _by_first_word(
        ModePhrase(tuple(said.split()), mode, instrument, is_capital)
        for mode, instrument, is_capital, ways in _MODES
        for said in ways
    )


def _type_phrases() -> Iterator[TypePhrase]:
    for name, kind in reference_types().items():
        needs = Needs.CAPITALS if name in _CAPITALS else Needs.COMPANY if name in _COMPANY else Needs.NOTHING
        yield TypePhrase((name,), name, needs)
        title = tuple(re.findall("[a-z0-9]+", kind.title.lower()))
        if len(title) > 1:
            yield TypePhrase(title, name, Needs.COMPANY if kind.title in _EVERYDAY_TITLES else Needs.NOTHING)
        for said in _SAID.get(name, ()):
            yield TypePhrase(tuple(said.split()), name, Needs.NOTHING)
        for said in _SAID_IN_COMPANY.get(name, ()):
            yield TypePhrase(tuple(said.split()), name, Needs.COMPANY)


def _by_first_word(phrases: Iterable[Phrase]) -> Mapping[str, tuple[Phrase, ...]]:
    found: dict[str, list[Phrase]] = defaultdict(list)
    for phrase in phrases:
        found[phrase.words[0]].append(phrase)
        if len(phrase.words) == 1:
            found[f"{phrase.words[0]}s"].append(phrase)
    return {first: tuple(sorted(ways, key=lambda way: -len(way.words))) for first, ways in found.items()}
