"""The products in a folder and all below it, with the pedigree of each.

What can't be read is named, and stops nothing else. A file that is as it was is not read again.
"""

from __future__ import annotations

import gzip
import os
import re
import stat
import zlib
from dataclasses import dataclass, field, replace
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pedigreed.model.failure import Unreadable
from pedigreed.model.local_file import PACKED, FolderLook, LocalFile, Unread
from pedigreed.model.pedigree import Pedigree
from pedigreed.model.product_name import is_of_exposure, is_of_lower_level, parse_product_name
from pedigreed.regular_file import open_regular, why_unread
from pedigreed.sources.disk.fits_extent import broken_at
from pedigreed.sources.disk.fits_header import BLOCK, MOST_BLOCKS, Made, made_in, values_in
from pedigreed.sources.plain_text import plain_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

Found = TypeVar("Found")

_FITS = (".fits", f".fits{PACKED}")
_PROGRAM = re.compile(r"[0-9]{1,5}", re.ASCII)
_OF_EXPOSURE = frozenset(("VISIT", "VISITGRP", "SEQ_ID", "ACT_ID", "EXPOSURE", "DETECTOR"))
_NAMING = _OF_EXPOSURE | {"TELESCOP", "FILENAME", "PROGRAM", "OBSERVTN"}
_FIRST_BLOCKS = 12
"""Read at once. The primary header of a JWST product mostly fits in."""

_LONGEST_PATH = 4096
_NONE = Pedigree(None, None, None)
MOST_BY_LINKS = 100_000
"""Folders that are reached by links. One link to ``/`` leads to every folder of the machine."""


def look_through(
    folder: str,
    known: Mapping[str, LocalFile],
    now: datetime,
    told: Callable[[int], None] = lambda _: None,
) -> FolderLook:
    """Find the products in a folder and below it. A single file may take the folder's place.

    A file counts whose name is that of a JWST product and ends in ``.fits``, or in ``.fits.gz`` where somebody has
    packed it; and one of another name whose header says so. Links are followed, and no folder is looked through
    twice. Where a folder is also reached by its own name, that is the one that counts.

    Args:
        folder: its absolute path.
        known: what is known of files, by path. Those of the same size and time are not read.
        now: UTC.
        told: is told again and again how many products were found.
    """
    walk = _Walk(known, now, told)
    try:
        here = Path(folder).stat()
        lies_at = os.path.realpath(folder)
        if stat.S_ISREG(here.st_mode) and folder.endswith(_FITS):
            if not walk.take_file(folder, here, lies_at):
                return FolderLook(folder, problem="neither its name nor its header is of a product of JWST")
        else:
            walk.enter(folder, lies_at)
    except OSError as error:
        return FolderLook(folder, problem=_reason(error))
    except Unreadable as error:
        return FolderLook(folder, problem=str(error))
    walk.go_on()
    return FolderLook(
        folder,
        files=walk.all_files(),
        headers=walk.headers,
        unread=tuple(sorted(walk.unread, key=lambda unread: unread.path)),
        unread_folders=tuple(sorted(walk.unread_folders)),
        others=walk.others,
    )


def is_product(filename: str) -> bool:
    """Whether a name is that of a product with a header of FITS."""
    return filename.endswith(_FITS) and parse_product_name(filename).is_recognised


def name_in_header(path: str) -> str | None:
    """The name of the product that a file of another name is, by its header; None where that tells of none.

    FILENAME has it. Without that, what its exposure is called, or its program: ``jw01345.fits``.

    Raises:
        OSError: it can't be read.
    """
    try:
        found = read_values(path, _NAMING)
    except Unreadable:
        return None
    named = found.get("FILENAME", "")
    if is_product(named):
        return named.removesuffix(PACKED)
    program, observation = found.get("PROGRAM", ""), found.get("OBSERVTN", "")
    is_jwst = found.get("TELESCOP", "JWST") == "JWST"
    if not (is_jwst and _PROGRAM.fullmatch(program) and observation.isascii() and observation.isdecimal()):
        return None
    exposure = ""
    if found.keys() >= _OF_EXPOSURE:
        exposure = (
            f"jw{program:0>5}{observation:0>3}{found['VISIT']:0>3}_{found['VISITGRP']:0>2}{found['SEQ_ID']}"
            f"{found['ACT_ID']:0>2}_{found['EXPOSURE']:0>5}_{found['DETECTOR']}.fits"
        ).lower()
    return exposure if is_of_exposure(exposure) else f"jw{program:0>5}.fits"


def read_product(path: str, now: datetime, named: str | None = None) -> LocalFile:
    """A file as it is now (UTC), which its header may name otherwise. One that is not whole has its `damage`.

    MAST does not say how large the files of lower levels are that it does not list. Of those, the file itself is
    asked, at the cost of a read for each of its headers.

    Raises:
        OSError: it can't be read, or is no regular file.
    """
    descriptor = open_regular(path)
    try:
        status = os.fstat(descriptor)
        made, damage = Made(_NONE, None), None
        try:
            made = _parsed(path, descriptor, made_in)
            if path.endswith(PACKED):
                pass
            elif status.st_size % BLOCK:
                damage = "it is cut off: it does not end with a block of FITS"
            elif is_of_lower_level(named or path.rpartition("/")[2]):
                damage = broken_at(descriptor, status.st_size)
        except Unreadable as error:
            damage = str(error)
        return LocalFile(
            path,
            made.pedigree,
            status.st_size,
            status.st_mtime_ns,
            now,
            sdp_ver=made.sdp_ver,
            damage=damage,
            named=named,
        )
    finally:
        os.close(descriptor)


def read_values(path: str, wanted: frozenset[str]) -> dict[str, str]:
    """The values of some keywords in the primary header of a file; those that it has not are absent.

    Raises:
        Unreadable: it is no FITS file, or a value can't be read.
        OSError: it can't be read.
    """
    descriptor = open_regular(path)
    try:
        return _parsed(path, descriptor, lambda header: values_in(header, wanted))
    finally:
        os.close(descriptor)


def _parsed(path: str, descriptor: int, parse: Callable[[bytes], Found | None]) -> Found:
    """What is found in the bytes that a file begins with, unpacked, which are read until it is."""
    if not path.endswith(PACKED):
        return _found(lambda size: os.read(descriptor, size), parse)
    with os.fdopen(descriptor, "rb", closefd=False) as file, gzip.open(file) as unpacked:
        try:
            return _found(unpacked.read, parse)
        except (gzip.BadGzipFile, EOFError, zlib.error):
            raise Unreadable("it does not unpack") from None


def _found(read: Callable[[int], bytes], parse: Callable[[bytes], Found | None]) -> Found:
    header = b""
    while True:
        try:
            found = parse(header)
        except Unreadable:
            if is_page(header):
                raise Unreadable("it is a page of the web, and no FITS file") from None
            raise
        if found is not None:
            return found
        piece = read(min(max(len(header), BLOCK * _FIRST_BLOCKS), BLOCK * MOST_BLOCKS - len(header)))
        if not piece:
            raise Unreadable("it ends within its header" if header else "it is empty")
        header += piece


def is_page(head: bytes) -> bool:
    """Whether bytes begin as a page of the web does, such as one with the words of an error."""
    return head.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html", b"<?xml"))


@dataclass(slots=True)
class _Walk:
    """On its way through folders. `links` are those to folders, which are followed last.

    With each path goes the one that it has with all links followed. `unchanged` are the known files that are as
    they were; `files` are all others.
    """

    known: Mapping[str, LocalFile]
    now: datetime
    told: Callable[[int], None]
    files: list[LocalFile] = field(default_factory=list)
    unchanged: list[LocalFile] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    unread_folders: list[str] = field(default_factory=list)
    folders: list[tuple[str, str]] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    visited: set[tuple[int, int]] = field(default_factory=set)
    headers: int = 0
    others: int = 0

    def go_on(self) -> None:
        """Look through all that is left: first the folders by their own names, and then by links."""
        while self.folders:
            self._enter(*self.folders.pop())
        entered = 0
        while self.folders or self.links:
            if entered == MOST_BY_LINKS:
                self._leave_out([*(folder for folder, _ in self.folders), *self.links])
                return
            if self.folders:
                self._enter(*self.folders.pop())
            else:
                link = self.links.pop()
                self._enter(link, os.path.realpath(link))
            entered += 1

    def _leave_out(self, folders: list[str]) -> None:
        reason = f"links lead to more than {MOST_BY_LINKS:,} folders, and the others were not looked through"
        self._cannot_read(folders[-1], reason)
        self.unread_folders.extend(folders)

    def _enter(self, folder: str, lies_at: str) -> None:
        self.told(len(self.files) + len(self.unchanged))
        try:
            self.enter(folder, lies_at)
        except FileNotFoundError:
            return
        except OSError as error:
            self._cannot_read(folder, _reason(error))
            self.unread_folders.append(folder)

    def enter(self, folder: str, lies_at: str) -> None:
        """Take what is in a folder, unless that was done. Raises `OSError`."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            status = os.fstat(descriptor)
            if (status.st_dev, status.st_ino) not in self.visited:
                self.visited.add((status.st_dev, status.st_ino))
                known = self.known if folder == lies_at else {}
                before = f"{folder.rstrip('/')}/"
                self._take_all(self._changed(descriptor, before, known), before, f"{lies_at.rstrip('/')}/")
        finally:
            os.close(descriptor)

    def all_files(self) -> tuple[LocalFile, ...]:
        """By path."""
        # What is known is in its order already, so that sorting it costs next to nothing.
        is_all = len(self.unchanged) == len(self.known)
        unchanged = self.known.values() if is_all else self.unchanged
        return tuple(sorted([*unchanged, *self.files], key=attrgetter("path")))

    def _changed(
        self, descriptor: int, before: str, known_here: Mapping[str, LocalFile]
    ) -> list[os.DirEntry[str]]:
        """What is in an open folder, without the known files that are as they were. Raises `OSError`.

        A large tree has little else than those, so each is passed over as it comes, in as few steps as can be: of
        an open folder, the system need not find the way to it for each.
        """
        known_at, unchanged, changed = known_here.get, self.unchanged.append, []
        with os.scandir(descriptor) as entries:
            for entry in entries:
                known = known_at(before + entry.name)
                try:
                    if known is not None and entry.is_file(follow_symlinks=False):
                        status = entry.stat()
                        if (
                            known.mtime_ns == status.st_mtime_ns
                            and known.size == status.st_size
                            and known.lies_at is None
                        ):
                            unchanged(known)
                            continue
                except OSError:
                    # What can't be told is looked at closer.
                    pass
                changed.append(entry)
        return changed

    def _take_all(self, entries: list[os.DirEntry[str]], before: str, lies_before: str) -> None:
        # From the last to the first, since the folder that is put down last is entered first.
        for entry in sorted(entries, key=attrgetter("name"), reverse=True):
            path = before + entry.name
            try:
                self._take(entry, path, lies_before + entry.name)
            except FileNotFoundError:
                # It has gone since its folder was read, or is a link to nowhere.
                continue
            except OSError as error:
                self._cannot_read(path, _reason(error))
            except Unreadable as error:
                self._cannot_read(path, str(error))

    def _take(self, entry: os.DirEntry[str], path: str, lies_at: str) -> None:
        if entry.is_dir(follow_symlinks=False):
            self.folders.append((path, lies_at))
        elif entry.name.endswith(_FITS) and entry.is_file():
            place = os.path.realpath(lies_at) if entry.is_symlink() else lies_at
            self.take_file(path, entry.stat(), place)
        elif is_product(entry.name):
            # A pipe, or whatever bears such a name: why it is not read is said.
            self.take_product(path, entry.stat(), lies_at)
        elif entry.is_symlink() and entry.is_dir():
            self.links.append(path)
        elif parse_product_name(entry.name).is_recognised:
            self.others += 1

    def take_file(self, path: str, status: os.stat_result, lies_at: str) -> bool:
        """Take a FITS file, if it is a product by its name or its header, and say whether it is."""
        if is_product(path.rpartition("/")[2]):
            self.take_product(path, status, lies_at)
            return True
        known = self._known(path, status)
        named = known.named if known else name_in_header(path)
        if named is not None:
            self.take_product(path, status, lies_at, named)
        return named is not None

    def take_product(self, path: str, status: os.stat_result, lies_at: str, named: str | None = None) -> None:
        if not path.isascii() and _is_undecoded(path):
            raise Unreadable("the name of its folder is no UTF-8")
        known = self._known(path, status)
        if known is None:
            known = read_product(path, self.now, named)
            self.headers += 1
        if known.place != lies_at:
            known = replace(known, lies_at=None if lies_at == path else lies_at)
        self.files.append(known)
        self.told(len(self.files) + len(self.unchanged))

    def _known(self, path: str, status: os.stat_result) -> LocalFile | None:
        """What is known of a file, where it is as it was."""
        known = self.known.get(path)
        is_as_it_was = known and (known.size, known.mtime_ns) == (status.st_size, status.st_mtime_ns)
        return known if is_as_it_was else None

    def _cannot_read(self, path: str, reason: str) -> None:
        self.unread.append(Unread(plain_line(path, _LONGEST_PATH), reason))


def _is_undecoded(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return True
    return False


def _reason(error: OSError) -> str:
    return f"it can't be read: {why_unread(error)}"
