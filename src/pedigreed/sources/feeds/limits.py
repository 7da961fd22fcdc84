"""How much of a feed is waited for, read and believed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FeedLimits:
    """Limits of one reading. All times are seconds.

    Attributes:
        within: for everything: attempts, pauses, redirects and the last byte.
        attempts: how often the address is asked while it fails in a way that may pass.
        first_pause: before the second attempt; the pauses double.
        redirects: how many are followed.
        largest: bytes of the feed, decompressed. The slowest feed of that size that we could make is read in 4 s.
        entries: how many are read. The rest of the feed, which is older, is left out.
    """

    within: float = 60.0
    attempts: int = 3
    first_pause: float = 1.0
    redirects: int = 5
    largest: int = 5_000_000
    entries: int = 5000
