"""A product's file on a disk of ours, and what was found by looking for such files."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from datetime import datetime  # noqa: TC003  # msgspec reads the types

from pedigreed.model.pedigree import Pedigree  # noqa: TC001  # as above

PACKED = ".gz"
"""How the name of a file ends that somebody has packed. The archive gives none."""


@dataclass(frozen=True, slots=True)
class LocalFile:
    """One file, as its primary header describes it.

    Attributes:
        path: absolute.
        pedigree: CAL_VER, CRDS_CTX and DATE of its header.
        size: bytes.
        mtime_ns: when the file was last written, nanoseconds since 1970, as its disk says.
        seen_at: when it was first seen as it is now, UTC.
        sdp_ver: SDP_VER of its header, ``2026_1a``: what made an uncalibrated product; None where it has none.
        damage: why it is no whole product, in plain words; None where nothing of it is known to be damaged.
        lies_at: its path with all links followed; None where that is `path`.
        named: the name of the product by its header, where its own name is none of a product; else None.
    """

    path: str
    pedigree: Pedigree
    size: int
    mtime_ns: int
    seen_at: datetime
    sdp_ver: str | None = None
    damage: str | None = None
    lies_at: str | None = None
    named: str | None = None

    @property
    def filename(self) -> str:
        """The name by which the archive knows it."""
        return self.named or posixpath.basename(self.path).removesuffix(PACKED)

    @property
    def place(self) -> str:
        """Where it lies: two paths may lead there."""
        return self.lies_at or self.path

    @property
    def is_packed(self) -> bool:
        """Whether its bytes are not those of the archive's file."""
        return self.path.endswith(PACKED)

    @property
    def folder(self) -> str:
        """Where it is."""
        return posixpath.dirname(self.path)


@dataclass(frozen=True, slots=True)
class Unread:
    """A file or a folder that could not be read. Both texts are plain, for people."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class FolderLook:
    """What is below a folder.

    Attributes:
        folder: its absolute path.
        files: the products whose header is known, and those that are damaged, by path.
        headers: how many of their headers were read for it; the others were known.
        unread: what could not be read.
        unread_folders: the absolute paths of the folders among it. What was known below them may still be there.
        others: how many files have the name of a product and no FITS header: previews and tables.
        problem: why the folder itself could not be looked through; None where it was.
    """

    folder: str
    files: tuple[LocalFile, ...] = ()
    headers: int = 0
    unread: tuple[Unread, ...] = ()
    unread_folders: tuple[str, ...] = ()
    others: int = 0
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class FolderState:
    """What is remembered of looking through a folder. Times are UTC.

    Attributes:
        folder: its absolute path.
        looked_at: when it was last tried.
        complete_at: when the folder itself was last looked through; None if it never was.
        unread: how many files and folders below it could not be read then.
        problem: why it could not be looked through the last time; None if it was.
        programs: the numbers of those whose files lie there.
    """

    folder: str
    looked_at: datetime
    complete_at: datetime | None = None
    unread: int = 0
    problem: str | None = None
    programs: frozenset[int] = frozenset()
