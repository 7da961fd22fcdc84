"""Products that share everything that a subscription selects by, and one pedigree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from pedigreed.model.instrument import Instrument


@dataclass(frozen=True, slots=True)
class Holding:
    """A number of products.

    Attributes:
        instrument, program, observation, level: see `Product`.
        cal_ver, crds_ctx: their pedigree.
        products: how many there are.
        earliest, latest: the first and last DATE among them, UTC; None where the archive has none.
    """

    instrument: Instrument
    program: int
    observation: int | None
    level: str
    cal_ver: str | None
    crds_ctx: str | None
    products: int
    earliest: datetime | None
    latest: datetime | None
