"""A product that leaves MAST's list because a later step of the pipeline made a higher level of the same exposure.

MAST lists the highest level of each exposure. Of 110 NIRSpec products that left the list in 137 days of a real
year, all were ``rate`` files whose ``cal`` had come.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pedigreed.model.change import Change, ChangeKind

if TYPE_CHECKING:
    from datetime import datetime

    from pedigreed.model.product import KnownProduct

_HIGHER = {
    "uncal": ("cal", "calints", "rate", "rateints", "ramp"),
    "ramp": ("cal", "calints", "rate", "rateints"),
    "rate": ("cal", "calints"),
    "rateints": ("calints", "cal"),
}
"""Product type -> what may be listed in its place, the likeliest first."""


def higher_levels_of(filename: str) -> tuple[str, ...]:
    """The files that may be listed in the place of one; none for what has no higher level."""
    exposure, _, product_type = filename.removesuffix(".fits").rpartition("_")
    return tuple(f"{exposure}_{higher}.fits" for higher in _HIGHER.get(product_type, ()))


def lower_levels_of(filename: str) -> tuple[str, ...]:
    """The files in whose place one may be listed."""
    exposure, _, product_type = filename.removesuffix(".fits").rpartition("_")
    return tuple(f"{exposure}_{lower}.fits" for lower, higher in _HIGHER.items() if product_type in higher)


def level_replaced(relisted: Change) -> str:
    """The level that a product is listed in the place of. One that was not calibrated has no CAL_VER."""
    return "1b" if relisted.before is None or relisted.before.cal_ver is None else "2a"


def relisting(
    missing: KnownProduct, higher: KnownProduct, now: datetime
) -> tuple[Change, KnownProduct, KnownProduct]:
    """The change that tells it, from the lower level's pedigree to the higher's, and both states from then on."""
    listed = replace(higher, revision=higher.revision + 1)
    product = listed.product
    change = Change(
        kind=ChangeKind.RELISTED,
        filename=product.filename,
        instrument=product.instrument,
        program=product.program,
        observation=product.observation,
        level=product.level,
        fileset=product.fileset,
        revision=listed.revision,
        before=missing.product.pedigree,
        after=product.pedigree,
        seen_at=now,
        archived_at=product.archived_at,
        public_at=product.public_at,
    )
    return change, replace(missing, withdrawn_at=now), listed
