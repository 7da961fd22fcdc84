"""A subscription that is held quiet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Mute:
    """No digest of a subscription is composed meanwhile; the first one afterwards covers it all. Times are UTC."""

    subscription: str
    since: datetime
    until: datetime
