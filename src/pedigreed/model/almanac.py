"""The almanac: when products came to have each pedigree, campaign by campaign."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from pedigreed.model.digest import FlagHistory
    from pedigreed.model.instrument import Instrument


class Arrived(StrEnum):
    """How a product came to have a pedigree, as far as it was seen."""

    FIRST_SIGHT = "first sight"
    """It had it when its program was looked at for the first time."""
    NEW = "new"
    REMADE = "remade"
    """It had another CAL_VER or CRDS_CTX before."""


class Arrival(NamedTuple):
    """What products share that came to have one pedigree on one day.

    Attributes:
        arrived: how.
        instrument: whose products.
        cal_ver, crds_ctx: the pedigree.
        day: when the archive took them in, UTC; where it does not say, when they were seen.
    """

    arrived: Arrived
    instrument: Instrument
    cal_ver: str
    crds_ctx: str
    day: date


class Wait(NamedTuple):
    """What products share that MAST marked as stale and then made anew.

    Attributes:
        instrument: whose products.
        cal_ver, crds_ctx: the pedigree that they got.
        hours: whole hours from when the flag was seen to when the archive took in the new version.
    """

    instrument: Instrument
    cal_ver: str
    crds_ctx: str
    hours: int


@dataclass(frozen=True, slots=True)
class InstrumentProgress:
    """How far a campaign is with one instrument.

    Attributes:
        instrument: whose products.
        remade: how many were seen to be made anew with its pedigree.
        have: how many of those that are watched have it now.
        of: how many calibrated ones are watched.
    """

    instrument: Instrument
    remade: int
    have: int
    of: int


@dataclass(frozen=True, slots=True)
class AlmanacEntry:
    """One campaign: the products that were made anew with one pedigree. Days are in UTC.

    Attributes:
        cal_ver, crds_ctx: its pedigree.
        in_use_since: the first day on which the archive took in a product with it, of those that were seen.
        was_in_use: whether that product was there at first sight already. Others may have come before it.
        began, newest: the days of its first and its newest product; None where none was seen to be made anew.
        goes_on: whether any came in the last days.
        days: day and how many were made anew by its end, from the first on.
        progress: by instrument.
        waited: how long its products were marked as stale before, in whole hours; None where no flag was seen.
    """

    cal_ver: str
    crds_ctx: str
    in_use_since: date
    was_in_use: bool
    began: date | None
    newest: date | None
    goes_on: bool
    days: tuple[tuple[date, int], ...]
    progress: tuple[InstrumentProgress, ...]
    waited: FlagHistory | None

    @property
    def remade(self) -> int:
        """How many products were made anew."""
        return self.days[-1][1] if self.days else 0

    def days_for(self, tenths: int) -> int | None:
        """In how many days so many tenths of its products came, the first day counted."""
        if self.began is None:
            return None
        reached = next(day for day, by_then in self.days if 10 * by_then >= tenths * self.remade)
        return (reached - self.began).days + 1


@dataclass(frozen=True, slots=True)
class Almanac:
    """Every campaign that is known of.

    Attributes:
        watched_since: when a program was first looked at completely, UTC; None where none was.
        entries: the newest pedigree first.
    """

    watched_since: datetime | None
    entries: Sequence[AlmanacEntry]
