"""A period of a subscription that is over, and the digest that was composed of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Period:
    """One period. All times are UTC.

    Attributes:
        subscription: whose.
        label: unique within the subscription: the local date, or the end of the period.
        starts_at, ends_at: changes seen from the one on, up to and without the other, are covered.
        closed_at: when it was composed.
        unchecked: the programs that no complete answer was had for.
        digest_id: the digest that tells it; None for a quiet period.
        unread: the sources of CRDS's news that were not read.
    """

    subscription: str
    label: str
    starts_at: datetime
    ends_at: datetime
    closed_at: datetime
    unchecked: frozenset[int]
    digest_id: str | None
    unread: frozenset[str] = frozenset()

    @property
    def is_checked(self) -> bool:
        """Whether a complete answer was had for every program, and every source was read."""
        return not self.unchecked and not self.unread


@dataclass(frozen=True, slots=True)
class ComposedDigest:
    """What is kept of a digest beside its words. All times are UTC.

    Attributes:
        digest_id: its identity, 32 hexadecimal digits.
        subscription: whose it is, by its name in the configuration then.
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
