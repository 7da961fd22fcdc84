"""One question to one keyword service, and its filters as MAST's portal wants them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pedigreed.model.instant import to_mjd

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pedigreed.model.instrument import Instrument

ARCHIVED = "ingestCompletionDate_mjd"
"""What increments go by. A file may be ingested long after its DATE; only then can it be seen."""

_END_OF_TIME_MJD = 99999

LAST_OBSERVATION = 99_999
"""Past every observation number: they have three digits."""


@dataclass(frozen=True, slots=True)
class PedigreeQuery:
    """Ask for the products of some programs in one instrument's keyword service.

    Attributes:
        instrument: whose service.
        programs: program numbers, sorted.
        archived_since: only products whose ingest ended at this instant (UTC) or later; None for all of them.
        observations: only products of the observations from one number to another; None for all of them.
        only_stale: only products that MAST marks as stale.
    """

    instrument: Instrument
    programs: tuple[int, ...]
    archived_since: datetime | None = None
    observations: tuple[int, int] | None = None
    only_stale: bool = False

    @property
    def is_sweep(self) -> bool:
        """Whether it asks for everything, so that what is missing can be told."""
        return self.archived_since is None and not self.only_stale

    @property
    def filters(self) -> list[dict[str, Any]]:
        """The portal's filter list. Discrete values must be strings."""
        filters: list[dict[str, Any]] = [
            {"paramName": "program", "values": [str(program) for program in self.programs]}
        ]
        if self.archived_since is not None:
            span = {"min": to_mjd(self.archived_since), "max": _END_OF_TIME_MJD}
            filters.append({"paramName": ARCHIVED, "values": [span]})
        if self.only_stale:
            # A bit in the database, which takes 1 whether it is quoted or not.
            filters.append({"paramName": "isStale", "values": ["1"]})
        if self.observations is not None:
            first, last = self.observations
            filters.append({"paramName": "observtn", "values": [{"min": first, "max": last}]})
        return filters

    @property
    def otherwise(self) -> PedigreeQuery:
        """The same question in other words: a cache that ignores the cacheBreaker has no answer to it yet."""
        return replace(self, observations=(0, LAST_OBSERVATION))

    @property
    def whole(self) -> PedigreeQuery:
        """The same question without its limit."""
        return replace(self, archived_since=None)

    def of(self, programs: tuple[int, ...]) -> PedigreeQuery:
        """The same question for some programs of it."""
        return replace(self, programs=programs)

    def halves(self) -> tuple[PedigreeQuery, PedigreeQuery]:
        """The same question in two parts, each with about half of the programs."""
        middle = len(self.programs) // 2
        return replace(self, programs=self.programs[:middle]), replace(self, programs=self.programs[middle:])

    def by_observation(self, rows: Mapping[int, int], parts: int) -> tuple[PedigreeQuery, ...]:
        """The same question in about so many parts, which together are about every observation number.

        Args:
            rows: observation -> how many rows of it are known. They say where to cut; parts are alike in rows.
            parts: how many; fewer come where there are not as many observations.
        """
        first, last = self.observations or (0, LAST_OBSERVATION)
        inside = sorted(number for number in rows if first <= number <= last)
        each = sum(rows[number] for number in inside) / parts
        cuts: list[int] = []
        so_far = 0
        for number in inside[:-1]:
            so_far += rows[number]
            if so_far >= each * (len(cuts) + 1):
                cuts.append(number)
        starts = [first, *(cut + 1 for cut in cuts)]
        return tuple(
            replace(self, observations=(start, end)) for start, end in zip(starts, [*cuts, last], strict=True)
        )

    def __str__(self) -> str:
        many = len(self.programs)
        which = f"program {self.programs[0]}" if many == 1 else f"{many} programs"
        return f"{self.instrument.written}, {which}"
