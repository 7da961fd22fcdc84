"""Addresses of the pages of MAST and CRDS that show what a digest names. Each is one that people use."""

from __future__ import annotations

import re
from urllib.parse import quote

_CONTEXT = re.compile(r"jwst_[0-9]{4,9}\.pmap")


def program_page(program: int) -> str:
    """MAST's table of a program, with the pedigree of each data set.

    The README of spacetelescope/jwst-caveat-notebooks tells people to look there.
    """
    columns = "fileSetName,dataset,cal_ver,crds_ctx,date"
    return f"https://mast.stsci.edu/search/ui/#/jwst/results?select_cols={columns}&program_id={program}"


def context_page(crds_ctx: str | None) -> str:
    """What CRDS says of a context, ``jwst_1535.pmap``; empty for what is no context."""
    known = crds_ctx and _CONTEXT.fullmatch(crds_ctx)
    return f"https://jwst-crds.stsci.edu/browse/{crds_ctx}" if known else ""


def product_file(filename: str, mast: str = "https://mast.stsci.edu") -> str:
    """Where MAST has a product; astroquery downloads it from there."""
    return f"{mast.rstrip('/')}/search/jwst/api/v0.1/retrieve_product?product_name={quote(filename, safe='')}"
