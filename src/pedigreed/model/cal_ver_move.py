"""How many products of a program went from one CAL_VER to another on one day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from pedigreed.model.change import ChangeKind
    from pedigreed.model.instrument import Instrument


@dataclass(frozen=True, slots=True)
class CalVerMove:
    """Products that changed alike.

    Attributes:
        day: when it was seen, UTC.
        instrument: whose products.
        kind: what became different.
        was_there, is_there: whether there was a product before, and is one after.
        before, after: its CAL_VER; None where there was no product, and for an uncalibrated one.
        products: how many.
    """

    day: date
    instrument: Instrument
    kind: ChangeKind
    was_there: bool
    before: str | None
    is_there: bool
    after: str | None
    products: int
