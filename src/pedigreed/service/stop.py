"""A wish that work should end soon. It may come from a signal handler, at any moment."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Stop:
    """Said once. Who listens is told at once, also where it was said before."""

    def __init__(self) -> None:
        self._is_said = False
        self._listeners: list[Callable[[], object]] = []

    def say(self) -> None:
        self._is_said = True
        for listener in tuple(self._listeners):
            listener()

    @contextmanager
    def heard_by(self, listener: Callable[[], object]) -> Iterator[None]:
        """Call the listener, from whatever thread says it, while the context lasts."""
        self._listeners.append(listener)
        try:
            if self._is_said:
                listener()
            yield
        finally:
            self._listeners.remove(listener)
