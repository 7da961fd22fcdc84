"""FITS files as products are, written by astropy."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from pedigreed.model.pedigree import Pedigree

fits: Any = import_module("astropy.io.fits")
time: Any = import_module("astropy.time")


def write_product(
    path: Path, cal_ver: str | None, crds_ctx: str | None, date: str | None, *, keywords: int = 0
) -> Path:
    """Write a file with this pedigree, after so many other keywords, and a little image behind its header."""
    header = fits.Header()
    for number in range(keywords):
        header[f"KEY{number}"] = (number, "of no importance")
    for keyword, value in (("DATE", date), ("FILENAME", path.name), ("CAL_VER", cal_ver), ("CRDS_CTX", crds_ctx)):
        if value is not None:
            header[keyword] = (value, "it is what it is")
    path.parent.mkdir(parents=True, exist_ok=True)
    image = fits.ImageHDU(data=None, name="SCI")
    fits.HDUList([fits.PrimaryHDU(header=header), image]).writeto(path, overwrite=True)
    return path


def write_copy(path: Path, pedigree: Pedigree) -> Path:
    """The same of a pedigree, with DATE in the form that headers have."""
    date = pedigree.date
    text = None if date is None else date.replace(tzinfo=None).isoformat(timespec="milliseconds")
    return write_product(path, pedigree.cal_ver, pedigree.crds_ctx, text)
