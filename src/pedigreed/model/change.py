"""A change: one thing of one product that became different; and how many products changed alike on a day."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from pedigreed.model.instant import iso
from pedigreed.model.instrument import Instrument
from pedigreed.model.pedigree import Pedigree

if TYPE_CHECKING:
    from datetime import date


class ChangeKind(StrEnum):
    """What became different."""

    FIRST = "first"
    """The product is among the first data of a program that had none."""
    NEW = "new"
    RELISTED = "relisted"
    """A higher level of an exposure is listed in the place of a lower one, whose pedigree is `before`."""
    REPROCESSED = "reprocessed"
    SET_REPROCESSED = "file set reprocessed"
    """A file of the product's set was made anew, be it another: no more is known than CAL_VER and CRDS_CTX."""
    REGRESSED = "regressed"
    """The pedigree went down: an older pipeline or context, or an earlier DATE."""
    PUBLIC = "public"
    """The exclusive-access period ended."""
    WITHDRAWN = "withdrawn"
    """Missing from enough complete sweeps."""
    STALE = "stale"
    """MAST set its stale flag."""
    NO_LONGER_STALE = "no longer stale"


MADE_ANEW = frozenset((ChangeKind.REPROCESSED, ChangeKind.REGRESSED))


# As `Product`, since a campaign has as many.
class Change(Struct, frozen=True, gc=False, array_like=True):
    """One change of one product.

    Attributes:
        kind: what became different.
        filename, instrument, program, observation, level, fileset: of the product; see `Product`.
        revision: how many changes the product has had, this one included. It tells a repeated change from
            the same change heard twice.
        before: the pedigree before; None for a product that was not there.
        after: the pedigree after; None for a product that is gone.
        seen_at: when the answer that shows it was complete enough to tell, UTC.
        archived_at: when the archive finished ingesting the new version, UTC.
        public_at: when the file is, or became, public, UTC.
    """

    kind: ChangeKind
    filename: str
    instrument: Instrument
    program: int
    observation: int | None
    level: str
    fileset: str
    revision: int
    before: Pedigree | None
    after: Pedigree | None
    seen_at: datetime
    archived_at: datetime | None = None
    public_at: datetime | None = None

    @property
    def identity(self) -> str:
        """What the change says, as 32 hexadecimal digits. The same change from two sources has the same."""
        before, after = _said(self.before), _said(self.after)
        said = f"{self.kind}\n{self.filename}\n{self.revision}\n{before}\n{after}"
        return hashlib.sha256(said.encode()).hexdigest()[:32]


def _said(pedigree: Pedigree | None) -> str:
    if pedigree is None:
        return "-"
    date = iso(pedigree.date) if pedigree.date else "-"
    return f"{pedigree.cal_ver or '-'} {pedigree.crds_ctx or '-'} {date}"


@dataclass(frozen=True, slots=True)
class CalVerMove:
    """How many products of a program went from one CAL_VER to another on one day.

    Attributes:
        day: when it was seen, UTC.
        instrument: whose products.
        kind: what became different.
        was_there, is_there: whether there was a product before, and is one after.
        before, after: its CAL_VER; None where there was no product, and for an uncalibrated one.
        products: how many.
    """

    day: date
    instrument: Instrument
    kind: ChangeKind
    was_there: bool
    before: str | None
    is_there: bool
    after: str | None
    products: int
