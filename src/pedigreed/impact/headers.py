"""A product's header as CRDS asks for it: the key of its rules <-> the FITS keyword <-> the archive's column.

Source: ``fits_hdu`` and ``fits_keyword`` in the core schema of stdatamodels 6.0.0. META.EXPOSUIRE.NOUTPUTS and
META.INSTRUMENT.EXP_TYPE are misspelt in CRDS's rules, have no keyword and are UNDEFINED to CRDS too. So are the
gratings of MIRI in the rules before 2014.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pedigreed.impact.dates import moment
from pedigreed.impact.values import UNDEFINED, conditioned

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pedigreed.model.instrument import Instrument

UNKNOWN = "\0"
"""The value of a key that the archive does not tell. No conditioned value of a header is this."""
INSTRUMENT_KEY = "META.INSTRUMENT.NAME"
EXP_TYPE_KEY = "META.EXPOSURE.TYPE"


class Keyword(NamedTuple):
    """One keyword: CRDS's key, the FITS keyword, the column of MAST's keyword services (empty for none)."""

    key: str
    fits: str
    column: str


KEYWORDS = tuple(
    Keyword(*names)
    for names in (
        (EXP_TYPE_KEY, "EXP_TYPE", "exp_type"),
        ("META.INSTRUMENT.DETECTOR", "DETECTOR", "detector"),
        ("META.INSTRUMENT.FILTER", "FILTER", "filter"),
        ("META.INSTRUMENT.PUPIL", "PUPIL", "pupil"),
        ("META.INSTRUMENT.GRATING", "GRATING", "grating"),
        ("META.INSTRUMENT.BAND", "BAND", "band"),
        ("META.INSTRUMENT.CHANNEL", "CHANNEL", "channel"),
        ("META.INSTRUMENT.MODULE", "MODULE", "module"),
        ("META.SUBARRAY.NAME", "SUBARRAY", "subarray"),
        ("META.EXPOSURE.READPATT", "READPATT", "readpatt"),
        ("META.INSTRUMENT.CORONAGRAPH", "CORONMSK", "coronmsk"),
        ("META.VISIT.TSOVISIT", "TSOVISIT", "tsovisit"),
        ("META.INSTRUMENT.LAMP_STATE", "LAMP", "lamp"),
        ("META.INSTRUMENT.LAMP_MODE", "OPMODE", "opmode"),
        ("META.EXPOSURE.NGROUPS", "NGROUPS", "ngroups"),
        ("META.EXPOSURE.NOUTPUTS", "NOUTPUTS", "noutputs"),
        ("META.VISIT.CROWDED_FIELD", "CROWDFLD", "crowdfld"),
        ("META.VISIT.TYPE", "VISITYPE", "visitype"),
        ("META.SUBARRAY.XSTART", "SUBSTRT1", "substrt1"),
        ("META.SUBARRAY.YSTART", "SUBSTRT2", "substrt2"),
        ("META.SUBARRAY.XSIZE", "SUBSIZE1", "subsize1"),
        ("META.SUBARRAY.YSIZE", "SUBSIZE2", "subsize2"),
    )
)
WITH_KEYWORDS = frozenset(("INSTRUME", "DATE-OBS", "TIME-OBS", "CRDS_CTX", *(each.fits for each in KEYWORDS)))
"""What is read of a file's header."""
_RECORDED = """
    area=AREA barshadow=BARSHA bkg=BKG camera=CAMERA chromcorr=CHRCOR collimator=COLLIM cubepar=CUBPAR
    dark=DARK dflat=DFLAT disperser=DISPER distortion=DISTOR emicorr=MIREMI extract1d=EXTR1D fflat=FFLAT
    filteroffset=FILOFF flat=FLAT fore=FORE fpa=FPA fringe=FRINGE fringefreq=FRIFRQ gain=GAIN ifufore=IFUFOR
    ifupost=IFUPOS ifuslicer=IFUSLI ipc=IPC lastframe=LASTFR linearity=LINEAR mask=MASK mrsptcorr=MRSPT
    mrsxartcorr=MRSXAR msa=MSA msaoper=MSAOPE nrm=NRM ote=OTE pastasoss=PSTSOS pathloss=PTHLOS persat=PERSAT
    photom=PHOTOM psfmask=PSFMAS readnoise=READNO refpix=REFPIX regions=REGION reset=RESET resol=RESOL
    rscd=RSCD saturation=SATURA sflat=SFLAT sirskernel=SIRSKL speckernel=SPKERN specprofile=SPPROF
    spectrace=SPTRAC specwcs=SPCWCS superbias=SUPERB throughput=THRPUT trapdensity=TRPDEN trappars=TRPPAR
    tsophot=TSPHOT v2v3=V2V3 wavecorr=WAVCOR wavelengthrange=WAVRAN wavemap=WAVMAP
"""
RECORDED = {reftype: f"R_{end}" for reftype, _, end in (pair.partition("=") for pair in _RECORDED.split())}
"""Type -> the keyword that names the file that was used, ``crds://jwst_miri_flat_0541.fits``. Others have none.
Source: the core schema of stdatamodels 6.0.0."""
_BY_KEY = {keyword.key: keyword for keyword in KEYWORDS}
_WITHOUT_KEYWORD = frozenset(
    (
        *("META.EXPOSUIRE.NOUTPUTS", "META.INSTRUMENT.EXP_TYPE"),
        *("META.INSTRUMENT.GRATINGA", "META.INSTRUMENT.GRATINGB", "META.INSTRUMENT.GRATING14"),
    )
)


def values_of(
    keys: tuple[str, ...], parameters: Mapping[str, object], instrument: Instrument, given: Collection[str] | None
) -> tuple[str, ...]:
    """The conditioned values of some keys of a product in the archive.

    Args:
        keys: CRDS's keys, without those of the date.
        parameters: what the archive has, by its columns. A column that is null there is absent.
        instrument: the product's.
        given: the columns that the instrument's service has; None for all. The value of another is `UNKNOWN`,
            unless it is known from before.
    """
    return tuple(_value(key, parameters, instrument, given) for key in keys)


class Values(dict[str, str]):
    """Conditioned values by CRDS's keys. That of a key which is not there is `UNKNOWN`."""

    def __missing__(self, _key: str) -> str:
        return UNKNOWN


def values_by_key(
    parameters: Mapping[str, object], instrument: Instrument, given: Collection[str] | None
) -> Values:
    """The same of every key that has a keyword."""
    keys = (INSTRUMENT_KEY, *_WITHOUT_KEYWORD, *_BY_KEY)
    return Values(zip(keys, values_of(keys, parameters, instrument, given), strict=True))


def _value(
    key: str, parameters: Mapping[str, object], instrument: Instrument, given: Collection[str] | None
) -> str:
    if key == INSTRUMENT_KEY:
        return conditioned(instrument.value)
    if key in _WITHOUT_KEYWORD:
        return UNDEFINED
    keyword = _BY_KEY.get(key)
    if keyword is None:
        return UNKNOWN
    value = parameters.get(keyword.column)
    if value is not None:
        return conditioned(value)
    return UNDEFINED if given is None or keyword.column in given else UNKNOWN


def parameters_of_header(header: Mapping[str, object]) -> dict[str, object]:
    """A FITS header's values by the archive's columns. Keywords that the header has not are absent."""
    return {keyword.column: header[keyword.fits] for keyword in KEYWORDS if header.get(keyword.fits) is not None}


def moment_of_header(header: Mapping[str, object]) -> str | None:
    """When the observation of a FITS header began, as CRDS reads it. None where CRDS can't read it."""
    date, time = (conditioned(header.get(name, UNDEFINED)) for name in ("DATE-OBS", "TIME-OBS"))
    return moment(date, time)


def written_key(key: str) -> str:
    """The FITS keyword of a key; the key itself where it has none."""
    keyword = _BY_KEY.get(key)
    return key if keyword is None else keyword.fits


def column_of(key: str) -> str | None:
    """The archive's column of a key."""
    keyword = _BY_KEY.get(key)
    return None if keyword is None else keyword.column
