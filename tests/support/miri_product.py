"""A product of MIRI whose parameters are those that rules of CRDS ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.model.instrument import Instrument
from pedigreed.model.product import Product

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pedigreed.model.pedigree import Pedigree


def miri_product(
    observation: int,
    level: str,
    product_type: str,
    start: datetime,
    *,
    pedigree: Pedigree,
    parameters: Mapping[str, str],
) -> Product:
    """One of program 1180: the first exposure of an observation, named by its detector."""
    fileset = f"jw01180{observation:03d}001_02101_00001"
    return Product(
        filename=f"{fileset}_{parameters['detector'].lower()}_{product_type}.fits",
        instrument=Instrument.MIRI,
        program=1180,
        observation=observation,
        level=level,
        fileset=fileset,
        pedigree=pedigree,
        observation_start=start,
        parameters=dict(parameters),
    )
