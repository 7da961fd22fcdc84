"""Folders looked through in a process of its own: a disk that hangs holds up that process alone.

What waits for a network disk that does not answer can't even be killed, so that it is left behind.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from pedigreed.model.local_file import FolderLook, LocalFile
from pedigreed.sources.disk.product_files import look_through

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import IO

    from pedigreed.model.pedigree import Pedigree

SILENCE = 120.0
"""Seconds in which a disk has to give something: the entries of a folder, or a header."""

_REPORTED_EVERY = 1.0
_LENGTH = 8
_PIECE = 1 << 20
_FILES_A_REPORT = 1000


class _Order(msgspec.Struct):
    folders: list[tuple[str, list[LocalFile]]]
    now: datetime


class _Report(msgspec.Struct):
    found: int
    look: FolderLook | None = None
    files: tuple[LocalFile, ...] = ()


def look_through_apart(
    folders: Sequence[str],
    known: Mapping[str, Mapping[str, LocalFile]],
    now: datetime,
    report_found: Callable[[int], None] = lambda _: None,
    silence: float = SILENCE,
) -> Iterator[FolderLook]:
    """As `look_through`, for several folders one after the other. One whose disk hangs has that as its problem.

    Args:
        folders: absolute paths.
        known: folder -> what is known of its files, by path.
        now: UTC.
        report_found: is told now and then how many products were found in the folder.
        silence: seconds without a word after which a disk hangs.
    """
    waiting = list(folders)
    while waiting:
        order = _Order([(folder, list(known.get(folder, {}).values())) for folder in waiting], now)
        problem = "what looked through it ended before its time"
        try:
            for look in _looks(order, report_found, silence):
                waiting.pop(0)
                yield look
        except TimeoutError:
            problem = f"its disk did not answer within {silence:.0f} s"
        if waiting:
            yield FolderLook(waiting.pop(0), problem=problem)


def _looks(order: _Order, report_found: Callable[[int], None], silence: float) -> Iterator[FolderLook]:
    """The looks at some folders, as they come. Raises `TimeoutError` where a disk hangs."""
    command = [sys.executable, "-m", __name__]
    files: list[LocalFile] = []
    shared = _Shared()
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603  # ours
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        with suppress(BrokenPipeError), process.stdin as theirs:
            theirs.write(msgspec.msgpack.encode(order))
        for report in _reports(process.stdout, silence):
            report_found(report.found)
            files += map(shared.file, report.files)
            if report.look is not None:
                yield replace(report.look, files=tuple(files))
                files.clear()
    finally:
        process.kill()
        process.stdout.close()
        with suppress(subprocess.TimeoutExpired):
            process.wait(1)


class _Shared:
    """Has one pedigree in the place of many equal ones, since there may be a million files."""

    def __init__(self) -> None:
        self._pedigrees: dict[Pedigree, Pedigree] = {}
        self._moments: dict[datetime, datetime] = {}

    def file(self, file: LocalFile) -> LocalFile:
        return replace(
            file,
            pedigree=self._pedigrees.setdefault(file.pedigree, file.pedigree),
            seen_at=self._moments.setdefault(file.seen_at, file.seen_at),
        )


def _reports(pipe: IO[bytes], silence: float) -> Iterator[_Report]:
    """Until the process ends. Raises `TimeoutError` where it says nothing for so many seconds."""
    came = bytearray()
    while select.select([pipe], [], [], silence)[0]:
        piece = os.read(pipe.fileno(), _PIECE)
        if not piece:
            return
        came += piece
        while len(came) >= _LENGTH and len(came) >= (end := _LENGTH + int.from_bytes(came[:_LENGTH])):
            yield msgspec.msgpack.decode(memoryview(came)[_LENGTH:end], type=_Report)
            del came[:end]
    raise TimeoutError


def _main() -> None:
    """Do what an order on stdin says, and report on stdout."""
    order = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=_Order)
    reported_at = time.monotonic()

    def report(found: int, look: FolderLook | None = None, files: tuple[LocalFile, ...] = ()) -> None:
        content = msgspec.msgpack.encode(_Report(found, look, files))
        sys.stdout.buffer.write(len(content).to_bytes(_LENGTH) + content)
        sys.stdout.buffer.flush()

    def tell(found: int) -> None:
        nonlocal reported_at
        if time.monotonic() - reported_at >= _REPORTED_EVERY:
            reported_at = time.monotonic()
            report(found)

    for folder, files in order.folders:
        look = look_through(folder, {file.path: file for file in files}, order.now, tell)
        for start in range(0, len(look.files), _FILES_A_REPORT):
            report(len(look.files), files=look.files[start : start + _FILES_A_REPORT])
        report(len(look.files), replace(look, files=()))


if __name__ == "__main__":
    with suppress(BrokenPipeError):
        _main()
