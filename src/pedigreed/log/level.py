"""How much is logged."""

from __future__ import annotations

import logging
from enum import StrEnum


class Level(StrEnum):
    """From what on an event is shown."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    @property
    def number(self) -> int:
        """As the standard library counts."""
        return logging.getLevelNamesMapping()[self.upper()]

    @property
    def of_libraries(self) -> int:
        """The same for what is not ours: less, as it is meant for who works on it."""
        return logging.INFO if self is Level.DEBUG else max(self.number, logging.WARNING)


def level_name(number: int) -> str:
    """The name of an event's level. Libraries may have levels of their own between these."""
    for level in (logging.CRITICAL, logging.ERROR, logging.WARNING, logging.INFO):
        if number >= level:
            return logging.getLevelName(level).lower()
    return "debug"
