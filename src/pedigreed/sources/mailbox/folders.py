"""Mails as files: a Maildir, and a folder of ``.eml`` files.

Files are read where they are: the standard library's `mailbox.Maildir` would do as a mail program does, and keeps
a time of its own of what it has seen. A file is new by the time of its last change of status (ctime), which no
program can set back, and which a delivery, a copy and a rename renew. Files of the last minute are known by name,
so that the bookmark stays small however many there are.
"""

from __future__ import annotations

import heapq
import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from xxhash import xxh3_64_hexdigest

from pedigreed.regular_file import open_regular, why_unread
from pedigreed.sources.mailbox.gathering import FIRST, MOST_MAILS, Gathering, Place
from pedigreed.sources.mailbox.mail import LARGEST_MAIL
from pedigreed.sources.plain_text import plain_line
from pedigreed.sources.source import mailbox_path_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pedigreed.model.news_source import Reading
    from pedigreed.sources.mailbox.senders import Senders

_OVERLAP = timedelta(minutes=1) // timedelta(microseconds=1) * 1000
"""Nanoseconds. A listing may miss a file that arrives while it is made, and have a later one."""

_MOST_NAMES = 4 * MOST_MAILS
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class MailFile(NamedTuple):
    """A file with one mail. It is ordered by when it came.

    Attributes:
        changed: ctime, in nanoseconds since 1970.
        known_by: what stays the same as long as it holds the same mail, in 16 characters.
        path: where it is now.
        size: in bytes.
        delivered: when its mail came, in nanoseconds since 1970.
    """

    changed: int
    known_by: str
    path: Path
    size: int
    delivered: int


class FolderPlace(Place, frozen=True):
    """How far a folder was read.

    Attributes:
        folder: of which kind and where, so that another one is read anew.
        since: all files that changed earlier are known (nanoseconds since 1970).
        names: those since then that are known.
    """

    folder: str
    since: int
    names: dict[str, int]


class FolderSource:
    """Reads the files of one folder. See `maildir` and `eml_folder`."""

    def __init__(
        self, name: str, folder: Path, listing: Callable[[Path], Iterator[MailFile]], senders: Senders
    ) -> None:
        self.name = name
        self._folder = folder
        self._listing = listing
        self._senders = senders

    def read(self, bookmark: str | None, now: datetime) -> Reading:
        """FolderPlace the files that came since. See `sources.source.Source`."""
        known = FolderPlace.of(bookmark)
        if known and known.folder != str(self._folder):
            known = None
        gathering = Gathering(self.name, self._senders)
        try:
            files, is_all = self._new_files(known, now)
        except OSError as error:
            problem = f"{plain_line(str(error.filename or self._folder))} can't be read: {why_unread(error)}"
            return gathering.reading(bookmark, is_complete=False, problems=(problem,))
        taken: list[MailFile] = []
        for file in files:
            if gathering.is_full:
                is_all = False
                break
            if self._take(file, gathering):
                taken.append(file)
        return gathering.reading(self._read_to(known, files, taken, now).written(), is_complete=is_all)

    def _new_files(self, known: FolderPlace | None, now: datetime) -> tuple[list[MailFile], bool]:
        """The next files, the first to come first, and whether these are all."""
        oldest = _nanoseconds(now - FIRST)
        young = (file for file in self._listing(self._folder) if min(file.changed, file.delivered) >= oldest)
        if known is None:
            return sorted(heapq.nlargest(MOST_MAILS, young)), True
        new = (file for file in young if file.changed >= known.since and file.known_by not in known.names)
        first = heapq.nsmallest(MOST_MAILS + 1, new)
        return first[:MOST_MAILS], len(first) <= MOST_MAILS

    def _take(self, file: MailFile, gathering: Gathering) -> bool:
        """FolderPlace one file. False where it has gone meanwhile, and may be found elsewhere the next time."""
        place = plain_line(file.path.name)
        if file.size > LARGEST_MAIL:
            gathering.pass_over(b"", place, f"has {file.size:,} bytes, and was not read")
            return True
        try:
            with os.fdopen(open_regular(file.path, follows_links=False), "rb") as opened:
                content = opened.read(LARGEST_MAIL + 1)
        except FileNotFoundError:
            return False
        except OSError as error:
            gathering.pass_over(b"", place, f"can't be read: {why_unread(error)}")
            return True
        gathering.take(content, place)
        return True

    def _first_since(self, files: list[MailFile], now: datetime) -> int:
        """From when on files may be new. What the first reading leaves out stays out."""
        if len(files) == MOST_MAILS:
            return files[0].changed + 1
        return _nanoseconds(now - FIRST)

    def _read_to(
        self, known: FolderPlace | None, files: list[MailFile], taken: list[MailFile], now: datetime
    ) -> FolderPlace:
        names = dict(known.names) if known else {}
        names.update((file.known_by, file.changed) for file in taken)
        since = known.since if known else self._first_since(files, now)
        # A file from the future would hide all that come before its time.
        newest = min(max((file.changed for file in taken), default=0), _nanoseconds(now))
        since = max(since, newest - _OVERLAP)
        kept = heapq.nlargest(
            _MOST_NAMES, ((changed, name) for name, changed in names.items() if changed >= since)
        )
        if len(kept) == _MOST_NAMES:
            since = kept[-1][0]
        return FolderPlace(str(self._folder), since, {name: changed for changed, name in kept})


def maildir(folder: Path, senders: Senders) -> FolderSource:
    """A Maildir. Its mails stay in ``new`` and ``cur`` as they are, and its subfolders are not looked at.

    A mail whose flags change is read again, and known already.
    """
    return FolderSource(mailbox_path_name(folder), folder, _in_maildir, senders)


def eml_folder(folder: Path, senders: Senders) -> FolderSource:
    """A folder with a file ``NAME.eml`` for each mail. A file that is written anew is read again."""
    return FolderSource(mailbox_path_name(folder), folder, _in_folder, senders)


def _in_maildir(folder: Path) -> Iterator[MailFile]:
    # A mail may go from `new` to `cur` meanwhile, and in this order it is seen at least once.
    for part in ("new", "cur"):
        for entry, status in _files(folder / part):
            # What follows the colon are flags, which a mail program may change.
            # A delivery sets the time of the content, which a mail program that changes them leaves as it is.
            yield _mail_file(entry, status, entry.name.partition(":")[0], status.st_mtime_ns)


def _in_folder(folder: Path) -> Iterator[MailFile]:
    for entry, status in _files(folder):
        if entry.name.lower().endswith(".eml"):
            yield _mail_file(
                entry, status, f"{entry.name}\0{status.st_mtime_ns}\0{status.st_size}", status.st_ctime_ns
            )


def _files(folder: Path) -> Iterator[tuple[os.DirEntry[str], os.stat_result]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            if stat.S_ISREG(status.st_mode) and not entry.name.startswith("."):
                yield entry, status


def _mail_file(entry: os.DirEntry[str], status: os.stat_result, identity: str, delivered: int) -> MailFile:
    known_by = xxh3_64_hexdigest(os.fsencode(identity))
    return MailFile(status.st_ctime_ns, known_by, Path(entry.path), status.st_size, delivered)


def _nanoseconds(instant: datetime) -> int:
    return (instant - _EPOCH) // timedelta(microseconds=1) * 1000
