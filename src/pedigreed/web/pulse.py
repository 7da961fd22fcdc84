"""Whether the daemon lives: it beats with every look at the clock that went well."""

from __future__ import annotations

from time import monotonic, time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MISSED = 3.0
"""So many ticks without a beat are too many."""


class Pulse:
    """When the last tick went well.

    Attributes:
        last: when, in seconds since 1970 by the clock that people set; None before the first.
    """

    def __init__(self, tick: float, clock: Callable[[], float] = monotonic) -> None:
        """Describe it.

        Args:
            tick: seconds between two beats.
            clock: seconds that nobody sets.
        """
        self._tick = tick
        self._clock = clock
        self._at: float | None = None
        self.last: float | None = None

    def beat(self) -> None:
        """Say that a tick went well."""
        self._at = self._clock()
        self.last = time()

    @property
    def trouble(self) -> str | None:
        """One line where it does not beat; None where it does."""
        if self._at is None:
            return "no look at the clock went well yet"
        age = self._clock() - self._at
        return None if age < MISSED * self._tick else f"no look at the clock went well for {age:.0f} s"
