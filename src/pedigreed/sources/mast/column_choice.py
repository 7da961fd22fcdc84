"""Which columns to ask of each service: those that are wanted, less those that it has not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pedigreed.sources.mast.columns import REQUIRED, SUBSTITUTES, columns_for, service_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pedigreed.model.instrument import Instrument

_QUOTED = re.compile(r"""['"\[`]([A-Za-z_]\w*)['"\]`]""")


class ColumnChoice:
    """Learns what the services have from their configurations, and from the columns that they refuse."""

    def __init__(self, offered: Callable[[str], frozenset[str]]) -> None:
        """`offered`: service -> its columns, lower case; empty where that is not known."""
        self._offered = offered
        self._refused: dict[Instrument, set[str]] = {}

    def has(self, instrument: Instrument, column: str) -> bool:
        """Whether the service has a column, as far as is known."""
        if column in self._refused.get(instrument, ()):
            return False
        offered = self._offered(service_of(instrument))
        return not offered or column.lower() in offered

    def columns(self, instrument: Instrument) -> list[str]:
        """The columns to ask for. A date is asked for in its other form where the service has not the first."""
        columns = []
        for column in columns_for(instrument):
            other = SUBSTITUTES.get(column)
            if self.has(instrument, column):
                columns.append(column)
            elif other is not None and self.has(instrument, other):
                columns.append(other)
        return columns

    def refused(self, instrument: Instrument, message: str) -> frozenset[str]:
        """The columns that an error refuses and that can be done without. They are not asked for again."""
        asked = self.columns(instrument)
        refused = frozenset(_columns_named(message, asked)) - REQUIRED
        self._refused.setdefault(instrument, set()).update(refused)
        return refused

    def warnings(self, instrument: Instrument) -> tuple[str, ...]:
        """What is wanted of the service and not asked for."""
        asked = set(self.columns(instrument))
        dropped = [
            column
            for column in columns_for(instrument)
            if column not in asked and SUBSTITUTES.get(column) not in asked
        ]
        if not dropped:
            return ()
        return (f"{instrument.written} no longer has {', '.join(dropped)}: the rest was read",)


def _columns_named(message: str, columns: list[str]) -> set[str]:
    """Which of our columns an error is about: those that it quotes, or the only one that it mentions."""
    lower = {column.lower(): column for column in columns}
    quoted = {lower[word.lower()] for word in _QUOTED.findall(message) if word.lower() in lower}
    if quoted:
        return quoted
    mentioned = {lower[word] for word in re.findall(r"\w+", message.lower()) if word in lower}
    return mentioned if len(mentioned) == 1 else set()
