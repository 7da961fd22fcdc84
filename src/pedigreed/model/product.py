"""A product: one file of the archive as the archive describes it, and what the watch remembers of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from msgspec import Struct, field

from pedigreed.model.instrument import Instrument
from pedigreed.model.pedigree import Pedigree
from pedigreed.model.program import Proposal

Parameter = str | int | float | bool
WITHOUT_START = -1
"""Stands where starts are numbers, microseconds since 1970, for one that is not known."""


# A program has hundreds of thousands, and a frozen dataclass takes twelve times as long to make.
class Product(Struct, frozen=True, gc=False):
    """One product with its pedigree.

    Attributes:
        filename: as the archive spells it; the product's identity.
        instrument: whose keyword service lists it.
        program: the program's number.
        observation: the observation's number; None for a product of several observations.
        level: the archive's product level: ``1b``, ``2a``, ``2b``, ``2c`` or ``3``.
        fileset: the archive's name for the exposure or association that the file belongs to.
        pedigree: CAL_VER, CRDS_CTX and DATE.
        is_stale: MAST's own stale flag; None where the archive does not say.
        public_at: when the file is, or became, public, UTC. The archive's own `isRestricted` says nothing: it was
            false in each of 110,127 rows of a real year whose release was still ahead.
        archived_at: when the archive finished ingesting this version, UTC.
        observation_start: when the observation began, UTC.
        size: bytes.
        checksum: MD5 as the archive gives it.
        fingerprint: of the row's bytes as the archive sent them; equal bytes need no second reading.
        sdp_ver: SDP_VER, where the archive was asked for it.
        target: TARGNAME, what was observed; known of a row alone, as the proposal. The store has both by program.
        proposal: what the program is called, and whose it is.
        parameters: the header values that CRDS matches reference files by, keyed by the archive's column
            (``exp_type``, ``detector``, ``filter``, ...); a value that the archive has not is absent.
    """

    filename: str
    instrument: Instrument
    program: int
    observation: int | None
    level: str
    fileset: str
    pedigree: Pedigree
    is_stale: bool | None = None
    public_at: datetime | None = None
    archived_at: datetime | None = None
    observation_start: datetime | None = None
    size: int | None = None
    checksum: str | None = None
    fingerprint: bytes = b""
    sdp_ver: str | None = None
    target: str | None = None
    proposal: Proposal | None = None
    parameters: Mapping[str, Parameter] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FileSet:
    """One exposure or association, with the pedigree of one of its files, as MAST's search of file sets has it.

    Attributes:
        name: the archive's name for it: `Product.fileset`.
        program: the program's number.
        cal_ver, crds_ctx: see `Pedigree`; None for one that is not calibrated.
    """

    name: str
    program: int
    cal_ver: str | None
    crds_ctx: str | None

    @property
    def pedigree(self) -> Pedigree:
        """Without a DATE, which the search does not tell."""
        return Pedigree(self.cal_ver, self.crds_ctx, None)


class KnownProduct(Struct, frozen=True, gc=False):
    """A product as it was last seen, with what the watch remembers of it.

    Attributes:
        product: as it was last seen.
        revision: how many changes it has had since first sight.
        missed: how many complete sweeps in a row it was missing from.
        missed_since: when it was first missed, UTC; None while it is there.
        is_exclusive: whether its release was still ahead when it was last looked at. It stays so until the
            release is recorded as a change.
        withdrawn_at: when it was told as withdrawn, UTC; None while it is there.
    """

    product: Product
    revision: int = 0
    missed: int = 0
    missed_since: datetime | None = None
    withdrawn_at: datetime | None = None
    is_exclusive: bool = False


class Holding(Struct, frozen=True, gc=False):
    """Products that share everything that a subscription selects by, and one pedigree.

    Attributes:
        instrument, program, observation, level: see `Product`.
        cal_ver, crds_ctx: their pedigree.
        products: how many there are.
        earliest, latest: the first and last DATE among them, UTC; None where the archive has none.
    """

    instrument: Instrument
    program: int
    observation: int | None
    level: str
    cal_ver: str | None
    crds_ctx: str | None
    products: int
    earliest: datetime | None
    latest: datetime | None


@dataclass(frozen=True, slots=True)
class ExposureUse:
    """That there are products of this kind of exposure, by which the reference types that they use are found.

    Attributes:
        instrument, program, observation, level: see `Product`.
        exp_type: EXP_TYPE as the header has it, ``MIR_MRS``; None where the archive has none.
    """

    instrument: Instrument
    program: int
    observation: int | None
    level: str
    exp_type: str | None
