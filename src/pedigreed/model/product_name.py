"""What the name of a JWST file says: program, observation, processing level, file set and product type.

Sources: spacetelescope/jwst, "File Naming Schemes", "Association Naming", "MSA Metadata File", "Data Product
Types", "Guide star data products", and its rules for the names of stage 3 products; spacetelescope/jwql, whose
guide-star names are the archive's: ``image_cal`` where the documentation has ``image-cal``, ``stream``, segments.
"""

from __future__ import annotations

import re

from msgspec import Struct

LONGEST_NAME = 255
"""Characters. No file system that holds JWST data has longer names, so longer text is no file name."""

_IN_OBSERVATION = r"(?P<program>[0-9]{5})(?P<observation>[0-9]{3})[0-9]{3}"
_IN_ASSOCIATION = r"(?P<program>[0-9]{5})-(?:o(?P<observation>[0-9]{3})|[car][0-9]{4})"
"""An association is of one observation (``o004``), or of several: a candidate (``c1001``), a discovered
(``a3001``) or a reserved one (``r0001``)."""

_ASSOCIATION = r"(?:o[0-9]{3}|[car][0-9]{4})"
_SEGMENT = r"(?:-seg[0-9]{3})?"
_SOURCE = r"[sbv][0-9]{5,9}"
_MADE = r"[0-9]{8}t[0-9]{6}"
_TYPE = r"(?!thumb\b)[a-z][a-z0-9]*+(?:-[a-z][a-z0-9]*+)*+"
_ENDING = r"(?:_thumb)?(?:\.[a-z0-9]{1,8}){1,2}"
"""The extension, with the mark of a small preview before it: ``.fits``, ``.fits.gz``, ``_thumb.jpg``."""

_FORMS = tuple(
    re.compile(form + _ENDING)
    for form in (
        # One exposure: jw01091002001_03102_00001-seg001_nis_rate.fits
        # and what a stage 3 step makes of one: jw05105001001_02201_00001_mirimage_o001_crf.fits
        (
            rf"(?P<fileset>jw{_IN_OBSERVATION}_[0-9]{{3}}[0-9a-z]{{2}}_[0-9]{{5}}){_SEGMENT}_[a-z][a-z0-9]*+"
            rf"(?P<stage_three>_{_ASSOCIATION})?_(?!{_ASSOCIATION}[._])(?P<product_type>{_TYPE})"
        ),
        # Exposures combined: jw01039-o004_t001_miri_ch3-long_x1d.fits
        # Fixed-slit spectra have both a target and a source, which the naming scheme does not say.
        (
            rf"(?P<fileset>jw{_IN_ASSOCIATION}_(?:t[0-9]{{3,4}}(?:-{_SOURCE})?|{_SOURCE})(?:-epoch[0-9])?"
            r"_(?:nircam|niriss|nirspec|miri|fgs))(?:_[a-z0-9]++(?:[-_][a-z0-9]++){0,11})?"
            rf"(?P<stage_three>_){_TYPE}(?:-[0-9][0-9a-z])?"
        ),
        # Guide stars: jw00729011001_gs-id_1_image_cal.fits
        (
            rf"(?P<fileset>jw{_IN_OBSERVATION}_gs-(?:id|acq1|acq2|track|fg)(?:_(?:[0-9]{{13}}|0|[1-9][0-9]{{0,2}}))?)"
            rf"{_SEGMENT}_(?P<product_type>(?:(?:image|stacked)_)?{_TYPE})"
        ),
        # A shutter configuration of NIRSpec: jw01118008001_01_msa.fits
        rf"(?P<fileset>jw{_IN_OBSERVATION}_[0-9a-z]{{2}})_msa",
        # An association table: jw01039-o004_20220702t204540_spec3_001_asn.json
        rf"(?P<fileset>jw{_IN_ASSOCIATION}_{_MADE}_{_TYPE}_[0-9]{{3,5}})_asn",
        # A program's association pool: jw01039_20220702t204540_pool.csv
        rf"(?P<fileset>jw(?P<program>[0-9]{{5}})_{_MADE})_pool",
    )
)
_EXPOSURE = re.compile(r"jw[0-9]{11}_[0-9]{3}[0-9a-z]{2}_[0-9]{5}_[a-z][a-z0-9]*+\.fits")
_PROGRAM = re.compile(r"jw([0-9]{5})(?:[0-9]{6})?(?![0-9])")

_PRODUCT_TYPE = re.compile(_TYPE)
_ACTIVITY = re.compile(r"-[0-9][0-9a-z]")
_GUIDE_STAR_IMAGES = ("image", "stacked")

_LEVELS: dict[str, str] = {
    "uncal": "1b",
    **dict.fromkeys(("dark", "ramp", "rate", "rateints", "trapsfilled", "fitopt"), "2a"),
    **dict.fromkeys(("cal", "calints", "bsub", "bsubints", "flat", "i2d", "s2d", "s3d", "x1d", "x1dints"), "2b"),
    **dict.fromkeys(("crf", "crfints"), "2c"),
    **dict.fromkeys(("c1d", "cat", "segm", "phot", "whtlt", "wfscmb"), "3"),
    **dict.fromkeys(("psfstack", "psfalign", "psfsub"), "3"),
    **dict.fromkeys(("ami", "amiavg", "aminorm", "amilg", "ami-oi", "aminorm-oi", "amimulti-oi"), "3"),
    **dict.fromkeys(("psf-ami", "psf-amiavg", "psf-ami-oi", "psf-amimulti-oi", "psf-amilg"), "3"),
    **{f"{image}{mark}uncal": "1b" for image in _GUIDE_STAR_IMAGES for mark in "-_"},
    **{f"{image}{mark}cal": "2b" for image in _GUIDE_STAR_IMAGES for mark in "-_"},
}
"""Product type in the name of an exposure's file -> level."""

_LOWER_LEVELS = frozenset(("1b", "2a", "2c"))


class ProductName(Struct, frozen=True, gc=False):
    """What a file name says.

    Attributes:
        text: the whole name.
        is_recognised: whether it is of one of the forms that JWST's names have.
        program: the program's number; of a name that is not recognised, where it begins as JWST's names do.
        observation: the observation's number; None for a file of several observations, and where it is not known.
        level: ``1b``, ``2a``, ``2b``, ``2c`` or ``3``; None for what has none, and for unknown product types.
        fileset: the exposure or association that the file belongs to, spelt as MAST spells it where MAST's
            spelling is known: for exposures, and for stage 3 products with a target (seen with MIRI's
            spectrometer). A name that is not recognised is a file set of its own.
    """

    text: str
    is_recognised: bool
    program: int | None
    observation: int | None
    level: str | None
    fileset: str


def parse_product_name(filename: str) -> ProductName:
    """Read a file name. Any text has an answer: what does not fit is kept, and not recognised."""
    if len(filename) <= LONGEST_NAME:
        for form in _FORMS:
            if match := form.fullmatch(filename):
                parts = match.groupdict()
                observation = parts.get("observation")
                return ProductName(
                    text=filename,
                    is_recognised=True,
                    program=int(parts["program"]),
                    observation=int(observation) if observation else None,
                    level=_level(parts),
                    fileset=parts["fileset"],
                )
    program = _PROGRAM.match(filename)
    return ProductName(
        text=filename,
        is_recognised=False,
        program=int(program[1]) if program else None,
        observation=None,
        level=None,
        fileset=filename,
    )


def is_of_exposure(text: str) -> bool:
    """Whether a text has an exposure and its detector, as the names of its products begin, and no product type."""
    return _EXPOSURE.fullmatch(text) is not None


def is_of_lower_level(filename: str) -> bool:
    """Whether it is a product that MAST does not list beside a higher one of its exposure, such as a ``rate``."""
    return is_of_exposure(filename) or parse_product_name(filename).level in _LOWER_LEVELS


def _level(parts: dict[str, str]) -> str | None:
    product_type = parts.get("product_type")
    if parts.get("stage_three"):
        # A file of one exposure that went through a step of stage 3 is of level 2c.
        return "2c" if product_type else "3"
    return _LEVELS.get(product_type) if product_type else None


def product_type_of(filename: str) -> str:
    """The product type: the last field of a name, which says what the file holds (``cal``, ``x1d``, ``i2d``).

    Empty where none stands in its place. It costs less than reading the whole name.
    """
    if len(filename) > LONGEST_NAME:
        return ""
    stem, dot, _ = filename.partition(".")
    rest, underscore, last = stem.removesuffix("_thumb").rpartition("_")
    if not dot or not underscore:
        return ""
    if _ACTIVITY.fullmatch(last, max(0, len(last) - 3)):
        last = last[:-3]
    if _PRODUCT_TYPE.fullmatch(last) is None:
        return ""
    if filename.startswith("_gs-", 13):
        image = rest.rpartition("_")[2]
        if image in _GUIDE_STAR_IMAGES:
            return f"{image}_{last}"
    return last
