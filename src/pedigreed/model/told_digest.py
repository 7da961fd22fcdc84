"""A digest as it was told, without its words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class ToldDigest:
    """What is known of it. All times are UTC.

    Attributes:
        digest_id: its identity, 32 hexadecimal digits.
        subscription: who was told, by its name in the configuration then.
        starts_at, ends_at: the period; the end is excluded.
        composed_at: when it was composed.
        subject: one line.
    """

    digest_id: str
    subscription: str
    starts_at: datetime
    ends_at: datetime
    composed_at: datetime
    subject: str
