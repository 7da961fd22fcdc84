"""Which keyword services do not answer now: those are left alone, and the others are still asked."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pedigreed.model.instrument import Instrument

_FAILURES_BEFORE_REST = 2
_SERVICES_BEFORE_DOUBT = 2


class Outages:
    """What became of the queries so far.

    A service rests after two failed queries in a row. The others are not held to it.
    When queries of two services failed one after the other, MAST as a whole is in doubt: then each service gets
    one query of one attempt. The first answer ends the doubt.
    """

    def __init__(self) -> None:
        self._failures: Counter[Instrument] = Counter()
        self._failed_in_a_row: set[Instrument] = set()

    def answered(self, instrument: Instrument) -> None:
        """A query got an answer, be it a refusal."""
        self._failures[instrument] = 0
        self._failed_in_a_row.clear()

    def failed(self, instrument: Instrument) -> None:
        """A query got no usable answer within its limits."""
        self._failures[instrument] += 1
        self._failed_in_a_row.add(instrument)

    @property
    def is_in_doubt(self) -> bool:
        """Whether MAST as a whole may be down."""
        return len(self._failed_in_a_row) >= _SERVICES_BEFORE_DOUBT

    def rests(self, instrument: Instrument) -> bool:
        """Whether the instrument's service is not to be asked now."""
        return self._failures[instrument] >= (1 if self.is_in_doubt else _FAILURES_BEFORE_REST)
