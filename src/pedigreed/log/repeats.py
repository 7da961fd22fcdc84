"""A failure that repeats is one line a minute, with how often it came."""

from __future__ import annotations

import time
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

EVERY = 60.0
"""Seconds between two lines of the same failure."""

MOST = 100
"""Failures that are told apart. Of more, the one that came first is forgotten."""


class Repeats:
    """Counts equal failures. For threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Describe them. `clock` gives seconds that nobody sets."""
        self._clock = clock
        self._lock = Lock()
        self._known: dict[Hashable, tuple[float, int]] = {}

    def count(self, failure: Hashable) -> int:
        """How often it came since the last line about it, this time included; 0 where no line is due yet."""
        now = self._clock()
        with self._lock:
            last, silent = self._known.pop(failure, (now - EVERY, 0))
            is_due = now - last >= EVERY
            self._known[failure] = (now, 0) if is_due else (last, silent + 1)
            if len(self._known) > MOST:
                del self._known[next(iter(self._known))]
        return silent + 1 if is_due else 0
