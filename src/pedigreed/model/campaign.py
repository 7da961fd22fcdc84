"""A reprocessing campaign: products that move to one pedigree, over hours or days."""

from __future__ import annotations

from dataclasses import dataclass
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
    """

    instrument: Instrument
    program: int
    observation: int | None
    level: str
    cal_ver: str | None
    crds_ctx: str | None
    earliest: datetime
    latest: datetime


@dataclass(frozen=True, slots=True)
class Stretch:
    """The time that a campaign has taken so far: its first and its newest move, UTC."""

    began: datetime
    newest: datetime


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
    """

    program: int
    cal_ver: str | None
    crds_ctx: str | None
    began: datetime
    newest: datetime
    moved: int
    total: int
    waiting: int
