"""Mails in one file, in mbox format (RFC 4155, and its variant that quotes ``From`` lines).

The standard library's `mailbox.mbox` opens the file for writing, and reads all of it each time. Here it is read
from where the last reading ended. It is never locked, since nothing is written.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, BinaryIO

from xxhash import xxh3_64_hexdigest

from pedigreed.regular_file import open_regular, why_unread
from pedigreed.sources.mailbox.gathering import Gathering, Place
from pedigreed.sources.mailbox.mail import LARGEST_MAIL
from pedigreed.sources.plain_text import plain_line
from pedigreed.sources.source import mailbox_path_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from pedigreed.model.news_source import Reading
    from pedigreed.sources.mailbox.senders import Senders

FIRST_BYTES = 50_000_000
"""Of a file that was never read, its end of this size is."""

_MARK = 2_048
"""Bytes by which a place in the file is known again."""

_LONGEST_LINE = 65_536
_FROM = b"From "
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)


class MboxPlace(Place, frozen=True):
    """How far a file was read.

    Attributes:
        file: where it is, so that another one is read anew.
        offset: where the next mail begins or will begin, in bytes.
        mark: of what is at the beginning of the file and before the offset. If it is another, the file was
            written anew.
        size: of the whole file, in bytes: what has grown since is being written.
    """

    file: str
    offset: int
    mark: str
    size: int


class MboxSource:
    """Reads one file."""

    def __init__(self, path: Path, senders: Senders) -> None:
        self.name = mailbox_path_name(path)
        self._path = path
        self._senders = senders

    def read(self, bookmark: str | None, now: datetime) -> Reading:  # noqa: ARG002  # the file has its own order
        """MboxPlace the mails that were added since. See `sources.source.Source`."""
        gathering = Gathering(self.name, self._senders)
        try:
            with os.fdopen(open_regular(self._path), "rb") as file:
                place, is_all = self._read_from(file, MboxPlace.of(bookmark), gathering)
        except OSError as error:
            problem = f"{plain_line(str(self._path))} can't be read: {why_unread(error)}"
            return gathering.reading(bookmark, is_complete=False, problems=(problem,))
        return gathering.reading(place.written(), is_complete=is_all)

    def _read_from(self, file: BinaryIO, known: MboxPlace | None, gathering: Gathering) -> tuple[MboxPlace, bool]:
        size = os.fstat(file.fileno()).st_size
        if known and not (known.file == str(self._path) and known.offset <= size and _fits(file, known)):
            known = None
        if not _is_mbox(file):
            raise OSError("it is no mbox, which begins with 'From '")
        offset = known.offset if known else _first_offset(file, size)
        is_all = True
        for start, end, content in _mails(file, offset, size):
            if gathering.is_full:
                is_all = False
                break
            is_last = end >= size
            if is_last and not content.endswith((b"\n\n", b"\r\n\r\n")) and not (known and known.size == size):
                break
            if end - start > LARGEST_MAIL:
                gathering.pass_over(content, f"at byte {start:,}", f"has {end - start:,} bytes, and was not read")
            else:
                gathering.take(content, f"at byte {start:,}")
            offset = end
        return MboxPlace(str(self._path), offset, _mark(file, offset), size), is_all


def _is_mbox(file: BinaryIO) -> bool:
    file.seek(0)
    beginning = file.read(_MARK).lstrip(b"\r\n")
    return not beginning or beginning.startswith(_FROM)


def _mails(file: BinaryIO, offset: int, size: int) -> Iterator[tuple[int, int, bytes]]:
    """Where each mail begins and ends, and its bytes without the line before it, as far as a mail may go.

    What stands before the first ``From`` line is no mail.
    """
    file.seek(offset)
    start = -1
    kept: list[bytes] = []
    length = 0
    is_after_blank = is_line_begun = True
    position = offset
    while position < size and (line := file.readline(min(_LONGEST_LINE, size - position))):
        if is_line_begun and is_after_blank and line.startswith(_FROM):
            if start >= 0:
                yield start, position, _unquoted(kept)
            start, kept, length = position, [], 0
        elif start >= 0 and length <= LARGEST_MAIL:
            kept.append(line)
            length += len(line)
        is_after_blank = is_line_begun and line in (b"\n", b"\r\n")
        is_line_begun = line.endswith(b"\n")
        position += len(line)
    if start >= 0:
        yield start, position, _unquoted(kept)


def _unquoted(lines: list[bytes]) -> bytes:
    return _QUOTED.sub(rb"\1", b"".join(lines))


def _first_offset(file: BinaryIO, size: int) -> int:
    """Where to begin in a file that was never read. A mail that is cut there is not read."""
    offset = max(0, size - FIRST_BYTES)
    if offset:
        file.seek(offset)
        offset += len(file.readline(_LONGEST_LINE))
    return offset


def _fits(file: BinaryIO, known: MboxPlace) -> bool:
    """Whether the file goes on behind the offset as it did, and with a new mail if with anything."""
    file.seek(known.offset)
    return file.read(len(_FROM)) in (b"", _FROM) and _mark(file, known.offset) == known.mark


def _mark(file: BinaryIO, offset: int) -> str:
    file.seek(0)
    beginning = file.read(min(_MARK, offset))
    file.seek(max(0, offset - _MARK))
    return xxh3_64_hexdigest(beginning + b"\0" + file.read(min(_MARK, offset)))
