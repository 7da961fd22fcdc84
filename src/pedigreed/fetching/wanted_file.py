"""A file of the archive that is to be fetched: its name, and what it has to be: size, checksum, release date."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Self

    from pedigreed.model.pedigree import Pedigree
    from pedigreed.model.product import Product

_MD5 = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class WantedFile:
    """One file, as the archive lists it now.

    Attributes:
        filename: as the archive, or whoever made a list, spells it. It may be any text.
        program: the program's number.
        size: bytes; None where the archive's list does not have the file.
        checksum: MD5 in lower case; None likewise.
        public_at: when it is, or became, public, UTC; None where that is not known.
        pedigree: None likewise.
    """

    filename: str
    program: int
    size: int | None = None
    checksum: str | None = None
    public_at: datetime | None = None
    pedigree: Pedigree | None = None

    @classmethod
    def of(cls, product: Product) -> Self:
        """What the archive lists."""
        checksum = (product.checksum or "").strip().lower()
        return cls(
            product.filename,
            product.program,
            product.size,
            checksum if _MD5.fullmatch(checksum) else None,
            product.public_at,
            product.pedigree,
        )
