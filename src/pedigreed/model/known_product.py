"""A product as it was last seen, with what the watch remembers of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from pedigreed.model.product import Product


@dataclass(frozen=True, slots=True)
class KnownProduct:
    """What is kept of a product.

    Attributes:
        product: as it was last seen.
        revision: how many changes it has had since first sight.
        missed: how many complete sweeps in a row it was missing from.
        missed_since: when it was first missed, UTC; None while it is there.
        withdrawn_at: when it was told as withdrawn, UTC; None while it is there.
    """

    product: Product
    revision: int = 0
    missed: int = 0
    missed_since: datetime | None = None
    withdrawn_at: datetime | None = None
