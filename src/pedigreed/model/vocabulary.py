"""The words by which texts name instruments, modes, reference types and files.

They stand without what separates them: "mediumresolutionspectroscopy".
"""

from __future__ import annotations

from pedigreed.model.instrument import DETECTORS, Instrument


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_MIRI, _NIRCAM, _NIRISS, _NIRSPEC = Instrument.MIRI, Instrument.NIRCAM, Instrument.NIRISS, Instrument.NIRSPEC
NEAR_INFRARED = (_NIRCAM, _NIRISS, _NIRSPEC)
PREFIXES = {"mir": _MIRI, "nrc": _NIRCAM, "nis": _NIRISS, "nrs": _NIRSPEC, "fgs": Instrument.FGS}
"""How an EXP_TYPE begins."""
OF_ONE_INSTRUMENT = {
    **DETECTORS,
    **dict.fromkeys(("fgs1", "fgs2"), Instrument.FGS),
    **PREFIXES,
    **dict.fromkeys(_words("fastr1 slowr1 fastgrpavg fastr100 slitlessprism mrs lrs 4qpm"), _MIRI),
    **dict.fromkeys(_words("mask1065 mask1140 mask1550 masklyot"), _MIRI),
    **dict.fromkeys(
        _words("nrsrapid nrsirs2 nrsirs2rapid irs2 allslits mos bots msaspec brightobj msa"), _NIRSPEC
    ),
    **dict.fromkeys(_words("nisrapid soss gr700xd ami"), _NIRISS),
}
"""What one instrument alone has, and names it in capitals."""
MODES_IN_CAPITALS = {
    **{mode.lower(): mode for mode in ("MRS", "LRS", "IFU", "MOS", "BOTS", "WFSS", "SOSS", "AMI", "TSO")},
    "gr700xd": "SOSS",
    "msaspec": "MOS",
    "brightobj": "BOTS",
    "tsgrism": "TSO",
    "tsimage": "TSO",
    "4qpm": "coronagraphy",
    "coron": "coronagraphy",
    "lyot": "coronagraphy",
    "image": "imaging",
}
MODES: dict[str, tuple[str, Instrument | None]] = {
    **dict.fromkeys(("mediumresolutionspectroscopy", "mediumresolutionspectrometer"), ("MRS", _MIRI)),
    **dict.fromkeys(("lowresolutionspectroscopy", "lowresolutionspectrometer"), ("LRS", _MIRI)),
    "multiobjectspectroscopy": ("MOS", _NIRSPEC),
    "brightobjecttimeseries": ("BOTS", _NIRSPEC),
    "aperturemaskinginterferometry": ("AMI", _NIRISS),
    "widefieldslitlessspectroscopy": ("WFSS", None),
    "fixedslit": ("FS", None),
    "timeseries": ("TSO", None),
    **dict.fromkeys(
        ("coronagraphy", "coronagraphic", "coronagraph", "coronographic", "coronograph"), ("coronagraphy", None)
    ),
    **dict.fromkeys(("imaging", "imager"), ("imaging", None)),
}
OTHER_NAMES = {
    "abvegaoffset": "abvega magnitude offset, abvega offset",
    "apcorr": "aperture corrections",
    "area": "pixel area",
    "dark": "dark frame",
    "extract1d": "spectral extraction, 1d extraction, 1d spectral extraction",
    "flat": "pixel flat",
    "fringe": "fringe flat",
    "mask": "bad pixel map, bad pixels mask, dq mask",
    "mrsxartcorr": "cross artifact, cross artefact",
    "msaoper": "msa operability, shutter operability",
    "pathloss": "slit loss",
    "persat": "persistence saturation",
    "photom": "flux calibration, spectrophotometric calibration, photometric calibration, photometric correction, "
    "absolute flux calibration, "
    "absolute photometric calibration, zeropoint, photometric zeropoint",
    "readnoise": "readout noise",
    "speckernel": "spectral kernel, convolution kernel",
    "specprofile": "spectral profile",
    "spectrace": "trace table, spectral trace table",
    "specwcs": "spectral wcs",
    "superbias": "superbiases",
    "tsophot": "tso photometry",
    "wavecorr": "wavelength correction",
    "wfssbkg": "wfss background",
}
"""Reference type -> what else texts call it."""
OTHER_NAMES_IN_COMPANY = {
    "dark": "dark current",
    "linearity": "nonlinearity",
    "mask": "bad pixel, dead pixel, hot pixel",
    "photom": "photometric, photometry, flux conversion, zp",
    "superbias": "bias, biases",
}
"""The same of words that tell of the type only beside words for types, instruments or files."""
NO_TYPE = _words(
    "coronagraphicmask occultingmask barmask roundmask darkexposure darkobservation flatexposure flatobservation "
    "wavelengthzeropoint astrometriczeropoint"
)
"""What has a type's name in it and is none."""
SAY_ENOUGH_ON_A_LIST = (
    *("flat", "flats", "flat field", "flat fields", "flat-field", "flat-fields"),
    *("darks", "bias", "biases", "superbias", "superbiases"),
    *("bad pixel mask", "bad pixel masks", "bad-pixel mask", "bad-pixel masks"),
    *("bad pixel map", "bad pixel maps", "bad-pixel map", "bad-pixel maps"),
    *("photom", "zeropoint", "zeropoints", "zero point", "zero points"),
    *("linearity", "distortion", "reset", "saturation", "gain", "readnoise", "read noise"),
    *("aperture correction", "aperture corrections", "wavelength solution", "wavelength solutions"),
)
"""What shows that a mailing list tells of reference files, be they not called so, as it is written there.

A choice of the words above, and no more: a list of observers speaks of a dark or of photometry every day.
"""
FLATS_OF_NIRSPEC = _words("dflat fflat sflat")
"""Where they are named, NIRSpec's "flats" are these."""
TYPES_IN_COMPANY = _words(
    "amplifier area bkg camera collimator dark disperser distortion flat fore fpa fringe gain ipc linearity mask "
    "msa nrm ote psf regions reset saturation throughput"
)
"""Types whose names are words of English, or abbreviations of much else."""
WORDS_FOR_FILES = _words(
    "reference ref reffile reftype file rmap type map table model solution coefficients threshold kernel curve"
)
JOINING = frozenset(",/&+():") | {"and", "or"}
DESCRIBING = _words(
    "all an the new updated update initial revised replacement corrected first calibration correction "
    "current detector field frame full generic hot pipeline pixel bad data subarray value "
    "extension science for lw sw long short wavelength longwavelength shortwavelength wave sky medium delivered"
)
