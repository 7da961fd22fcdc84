"""The products in a folder and all below it, with the pedigree of each.

What can't be read is named, and stops nothing else. A file that is as it was is not read again.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pedigreed.model.failure import Unreadable
from pedigreed.model.local_file import FolderLook, LocalFile, Unread
from pedigreed.model.product_name import parse_product_name
from pedigreed.sources.disk.fits_header import BLOCK, MOST_BLOCKS, pedigree_in, values_in
from pedigreed.sources.plain_text import plain_line
from pedigreed.sources.regular_file import open_regular, why_unread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from pedigreed.model.pedigree import Pedigree

Found = TypeVar("Found")

_FIRST_BLOCKS = 12
"""Read at once. The primary header of a JWST product mostly fits in."""

_LONGEST_PATH = 4096
MOST_BY_LINKS = 100_000
"""Folders that are reached by links. One link to ``/`` leads to every folder of the machine."""


def look_through(folder: str, known: Mapping[str, LocalFile], now: datetime) -> FolderLook:
    """Find the products in a folder and below it. A single file may take the folder's place.

    A file counts whose name is that of a JWST product and ends in ``.fits``. MAST has no other form with a header;
    a packed ``.fits.gz`` is made by others, and is passed over as previews and tables are.
    Links are followed, and no folder is looked through twice. Where a folder is also reached by its own name, that
    is the one that counts.

    Args:
        folder: its absolute path.
        known: what is known of files, by path. Those of the same size and time are not read.
        now: UTC.
    """
    walk = _Walk(known, now)
    try:
        here = Path(folder).stat()
        if stat.S_ISREG(here.st_mode) and is_product(Path(folder).name):
            walk.take_product(folder, here)
        else:
            walk.visited.add((here.st_dev, here.st_ino))
            walk.take(_entries_of(folder))
    except OSError as error:
        return FolderLook(folder, problem=_reason(error))
    except Unreadable as error:
        return FolderLook(folder, problem=str(error))
    walk.go_on()
    return FolderLook(
        folder,
        files=tuple(sorted(walk.files, key=lambda file: file.path)),
        headers=walk.headers,
        unread=tuple(sorted(walk.unread, key=lambda unread: unread.path)),
        unread_folders=tuple(sorted(walk.unread_folders)),
        others=walk.others,
    )


def is_product(filename: str) -> bool:
    """Whether a name is that of a product with a header of FITS."""
    return filename.endswith(".fits") and parse_product_name(filename).is_recognised


def read_pedigree(path: str) -> tuple[Pedigree, os.stat_result]:
    """The pedigree of a file, and what its disk says of it.

    Raises:
        Unreadable: it is no FITS file with a pedigree.
        OSError: it can't be read, or is no regular file.
    """
    return _read(path, pedigree_in)


def read_values(path: str, wanted: frozenset[str]) -> dict[str, str]:
    """The values of some keywords in the primary header of a file; those that it has not are absent.

    Raises:
        Unreadable: it is no FITS file, or a value can't be read.
        OSError: it can't be read.
    """
    return _read(path, lambda header: values_in(header, wanted))[0]


def _read(path: str, parse: Callable[[bytes], Found | None]) -> tuple[Found, os.stat_result]:
    """What is found in the bytes that a file begins with, which are read until it is."""
    descriptor = open_regular(path)
    try:
        status = os.fstat(descriptor)
        header = b""
        while (found := parse(header)) is None:
            wanted = min(max(len(header), BLOCK * _FIRST_BLOCKS), BLOCK * MOST_BLOCKS - len(header))
            piece = os.read(descriptor, wanted)
            if not piece:
                raise Unreadable("it is empty" if not header else "it ends within its header")
            header += piece
        return found, status
    finally:
        os.close(descriptor)


@dataclass(slots=True)
class _Walk:
    """On its way through folders. `links` are those to folders, which are followed last."""

    known: Mapping[str, LocalFile]
    now: datetime
    files: list[LocalFile] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    unread_folders: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    visited: set[tuple[int, int]] = field(default_factory=set)
    headers: int = 0
    others: int = 0

    def go_on(self) -> None:
        """Look through all that is left: first the folders by their own names, and then by links."""
        while self.folders:
            self._enter(self.folders.pop())
        entered = 0
        while self.folders or self.links:
            if entered == MOST_BY_LINKS:
                self._leave_out([*self.folders, *self.links])
                return
            self._enter((self.folders or self.links).pop())
            entered += 1

    def _leave_out(self, folders: list[str]) -> None:
        reason = f"links lead to more than {MOST_BY_LINKS:,} folders, and the others were not looked through"
        self._cannot_read(folders[-1], reason)
        self.unread_folders.extend(folders)

    def _enter(self, folder: str) -> None:
        try:
            status = Path(folder).stat()
            if (status.st_dev, status.st_ino) in self.visited:
                return
            self.visited.add((status.st_dev, status.st_ino))
            entries = _entries_of(folder)
        except FileNotFoundError:
            return
        except OSError as error:
            self._cannot_read(folder, _reason(error))
            self.unread_folders.append(folder)
            return
        self.take(entries)

    def take(self, entries: list[os.DirEntry[str]]) -> None:
        # From the last to the first, since the folder that is put down last is entered first.
        for entry in reversed(entries):
            try:
                self._take(entry)
            except FileNotFoundError:
                # It has gone since its folder was read, or is a link to nowhere.
                continue
            except OSError as error:
                self._cannot_read(entry.path, _reason(error))
            except Unreadable as error:
                self._cannot_read(entry.path, str(error))

    def _take(self, entry: os.DirEntry[str]) -> None:
        if entry.is_dir(follow_symlinks=False):
            self.folders.append(entry.path)
        elif is_product(entry.name):
            self.take_product(entry.path, entry.stat())
        elif entry.is_symlink() and entry.is_dir():
            self.links.append(entry.path)
        elif parse_product_name(entry.name).is_recognised:
            self.others += 1

    def take_product(self, path: str, status: os.stat_result) -> None:
        if not path.isascii() and _is_undecoded(path):
            raise Unreadable("the name of its folder is no UTF-8")
        known = self.known.get(path)
        if known is not None and (known.size, known.mtime_ns) == (status.st_size, status.st_mtime_ns):
            self.files.append(known)
            return
        pedigree, status = read_pedigree(path)
        self.headers += 1
        self.files.append(LocalFile(path, pedigree, status.st_size, status.st_mtime_ns, self.now))

    def _cannot_read(self, path: str, reason: str) -> None:
        self.unread.append(Unread(plain_line(path, _LONGEST_PATH), reason))


def _entries_of(folder: str) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return sorted(entries, key=lambda entry: entry.name)


def _is_undecoded(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return True
    return False


def _reason(error: OSError) -> str:
    return f"it can't be read: {why_unread(error)}"
