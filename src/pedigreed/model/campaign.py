"""A reprocessing campaign: products that move to one pedigree, over hours or days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from pedigreed.model.instrument import Instrument


@dataclass(frozen=True, slots=True)
class Moved:
    """Products that one answer of the archive showed as made anew, with one pedigree.

    Attributes:
        instrument, program, observation, level: see `Product`. They share all that a subscription selects by.
        cal_ver, crds_ctx: the pedigree that they moved to.
        earliest, latest: when the archive took in the first and the last of them, UTC; where it does not say,
            when they were seen.
        arrived: how many had another CAL_VER or CRDS_CTX before. Where that is not known, none.
    """

    instrument: Instrument
    program: int
    observation: int | None
    level: str
    cal_ver: str | None
    crds_ctx: str | None
    earliest: datetime
    latest: datetime
    arrived: int = 0


LONGEST_FORECAST = timedelta(days=60)
"""Before that, the next campaign may well begin."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a campaign goes: how many products arrived at its pedigree in the time before the digest."""

    arrived: int
    over: timedelta

    def forecast(self, rest: int) -> timedelta | None:
        """How long the rest takes at this pace; None where nothing is left, or it takes too long to be said."""
        takes = self.over * rest / self.arrived
        return takes if timedelta(0) < takes <= LONGEST_FORECAST else None


@dataclass(frozen=True, slots=True)
class Stretch:
    """The time that a campaign has taken so far.

    Attributes:
        began, newest: its first and its newest move, UTC.
        pace: how fast it goes; None where it is too young to say, or does not go on.
    """

    began: datetime
    newest: datetime
    pace: Pace | None = None


@dataclass(frozen=True, slots=True)
class Campaign:
    """A reprocessing of one program to one pedigree that goes on, and is covered by a digest when it is over.

    Attributes:
        program: the program's number.
        cal_ver, crds_ctx: the pedigree that it moves to.
        began, newest: its first and its newest move, UTC.
        moved: how many of the program's products that the subscription watches have that pedigree now.
        total: how many calibrated ones the subscription watches of it.
        waiting: how many products' changes wait for a digest.
        pace: see `Stretch`.
    """

    program: int
    cal_ver: str | None
    crds_ctx: str | None
    began: datetime
    newest: datetime
    moved: int
    total: int
    waiting: int
    pace: Pace | None = None
