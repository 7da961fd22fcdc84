"""The product type: the last field of a file name, which says what the file holds (``cal``, ``x1d``, ``i2d``).

Source: spacetelescope/jwst, "Data Product Types" and "Processing Levels and Product Stages".
"""

from __future__ import annotations

import re

LONGEST_NAME = 255
"""Characters. No file system that holds JWST data has longer names, so longer text is no file name."""

PRODUCT_TYPE = r"(?!thumb\b)[a-z][a-z0-9]*+(?:-[a-z][a-z0-9]*+)*+"
ENDING = r"(?:_thumb)?(?:\.[a-z0-9]{1,8}){1,2}"
"""The extension, with the mark of a small preview before it: ``.fits``, ``.fits.gz``, ``_thumb.jpg``."""

_PRODUCT_TYPE = re.compile(PRODUCT_TYPE)
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


def level_of(product_type: str) -> str | None:
    """The level of a product type in an exposure's file name: ``1b``, ``2a``, ``2b``, ``2c`` or ``3``.

    None for a type that is not known.
    """
    return _LEVELS.get(product_type)


def product_type_of(filename: str) -> str:
    """The product type alone, without reading the rest of the name.

    Empty where no product type stands in its place. Always what `parse_product_name` says.
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
