"""A file on its way: `NAME.part` beside its place, and `NAME.part.md5` that says which version it is of.

What came of a version is taken up the next time. Until a file is whole, verified and on the disk, its place is as
it was; then one rename puts it there. A process that is killed at any moment leaves the old file or the new one.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import hashlib
import os
import re
import shutil
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from pedigreed.durable import bring_down
from pedigreed.fetching.plan import kept_name
from pedigreed.model.failure import TryAgain, UpstreamUnavailable
from pedigreed.sources.disk.product_files import is_page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Self

    from pedigreed.fetching.plan import Job
    from pedigreed.model.local_file import LocalFile

_PIECE = 1 << 20
_MOST_WAITING = 8 * _PIECE
"""Bytes of one file that are kept in memory where the disk is slower than the archive."""

_MOST_WRITES = 64
"""Pieces that are written one by one."""

_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)", re.ASCII)
_HEAD = 4096
_WITHOUT_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.ENOSYS})


class DiskFailed(TryAgain):
    """The disk did not take it. `is_full` where it takes nothing more at all."""

    def __init__(self, error: OSError) -> None:
        super().__init__(f"the disk does not take it: {(error.strerror or str(error)).lower()}")
        self.is_full = error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


class OtherContent(UpstreamUnavailable):
    """What came is not what the archive lists."""


class Denied(UpstreamUnavailable):
    """It is under exclusive access, and the archive does not give it."""


class LeftAlone(UpstreamUnavailable):
    """Something else happened to its place meanwhile, and nothing is replaced."""


class PartFile:
    """Takes the bytes of one file (a `net.exchange.Receiver`). Use it in ``async with``.

    They are written and added to the MD5 in a thread, while the next ones come.

    Attributes:
        have: how many bytes are on the disk.
        has_accepted: whether the body of the last answer was taken.
    """

    def __init__(self, job: Job, received: Callable[[int], None]) -> None:
        """Begin. `received` is called with how many bytes came, or less than 0 where they are thrown away."""
        self._job = job
        self._received = received
        self._place = Path(job.place)
        self._path = self._place.with_name(f"{self._place.name}.part")
        self._bond = self._place.with_name(f"{self._place.name}.part.md5")
        self._descriptor = -1
        self._digest = hashlib.md5(usedforsecurity=False)
        self._waiting: list[bytes] = []
        self._writing: asyncio.Future[None] | None = None
        self._unwritten = 0
        self._came = 0
        self.have = 0
        self.has_accepted = False

    async def __aenter__(self) -> Self:
        """Open it. Raises `OSError`, `LeftAlone`."""
        self._place.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = self._locked()
        try:
            if os.fstat(self._descriptor).st_size:
                await to_the_end(self._take_up)
            else:
                self._take_up()
        except BaseException:
            os.close(self._descriptor)
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            with suppress(DiskFailed):
                await self.drain()
        finally:
            os.close(self._descriptor)

    @property
    def asked(self) -> dict[str, str]:
        """The headers that ask for what is missing."""
        is_bound = self.have and self._job.wanted.checksum is not None
        return {"Range": f"bytes={self.have}-"} if is_bound else {}

    @property
    def is_complete(self) -> bool:
        """Whether there is nothing to ask for."""
        return self._job.wanted.size is not None and self._came == self._job.wanted.size

    def accepts(self, status: int, headers: Mapping[str, str]) -> bool:
        """A whole file of the listed size begins anew; of a part, only the one that was asked for goes on."""
        self.has_accepted = self._accepts(status, headers)
        return self.has_accepted

    def _accepts(self, status: int, headers: Mapping[str, str]) -> bool:
        size = self._job.wanted.size
        if headers.get("Content-Encoding", "identity") != "identity":
            return False
        if status == HTTPStatus.PARTIAL_CONTENT:
            found = _RANGE.fullmatch(headers.get("Content-Range", ""))
            if (
                found
                and self.have
                and (self.have, size, size) == (int(found[1]), int(found[2]) + 1, int(found[3]))
            ):
                return True
            self.begin_anew()
            return False
        if status != HTTPStatus.OK:
            return False
        length = headers.get("Content-Length")
        if size is not None and length is not None and length != str(size):
            return False
        self.begin_anew()
        return True

    async def take(self, piece: bytes) -> None:
        """Raises `OtherContent` where more comes than is listed, and `DiskFailed`."""
        self._waiting.append(piece)
        self._came += len(piece)
        self._unwritten += len(piece)
        self._received(len(piece))
        size = self._job.wanted.size
        if size is not None and self._came > size:
            await self._written()
            self.begin_anew()
            raise OtherContent(f"more came than the {size:,} bytes that the archive lists")
        is_writing = self._writing is not None and not self._writing.done()
        if self._unwritten < _PIECE or (is_writing and self._unwritten < _MOST_WAITING):
            return
        await self._written()
        self._writing = asyncio.ensure_future(self._write_on())

    async def _write_on(self) -> None:
        """Write until little waits: no more may come for long."""
        while self._unwritten >= _PIECE:
            pieces, self._waiting, self._unwritten = self._waiting, [], 0
            await asyncio.to_thread(self._write, pieces)

    async def _written(self) -> None:
        """Wait until nothing is being written, also where this is cancelled. Raises `DiskFailed`."""
        if (writing := self._writing) is None:
            return
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            await asyncio.wait([writing])
            writing.exception()
            raise
        except DiskFailed:
            self._forget_waiting()
            raise
        finally:
            self._writing = None

    async def drain(self) -> None:
        """Bring what came to the disk. Raises `DiskFailed`."""
        await self._written()
        if self._waiting:
            await to_the_end(self._flush)

    def begin_anew(self) -> None:
        """Throw away what is here. Raises `DiskFailed`."""
        self._received(-self._came)
        self._waiting, self._unwritten = [], 0
        if self.have:
            try:
                os.ftruncate(self._descriptor, 0)
                os.lseek(self._descriptor, 0, os.SEEK_SET)
            except OSError as error:
                raise DiskFailed(error) from error
        self._digest = hashlib.md5(usedforsecurity=False)
        self.have = self._came = 0

    async def publish(self, *, keeps_old: bool) -> None:
        """Verify it, and put it in its place. Its new name is safe only after `durable.keep_names`.

        Raises:
            OtherContent, Denied: it is not what is listed. A whole file stays as a part of the version that it is,
                since the archive may have made it anew meanwhile.
            LeftAlone: its place is not as it was.
            DiskFailed, OSError: of the disk.
        """
        await self._written()
        await to_the_end(lambda: self._publish(keeps_old=keeps_old))

    def _publish(self, *, keeps_old: bool) -> None:
        self._flush()
        self._verify()
        self._check_place()
        old = self._job.old
        if old is not None:
            os.fchmod(self._descriptor, self._place.stat().st_mode & 0o777)
        bring_down(self._descriptor)
        if old is not None and (keeps_old or self._job.keeps_old):
            _keep(self._place, old)
        self._path.replace(self._place)
        self._bond.unlink(missing_ok=True)

    def _locked(self) -> int:
        """The descriptor of the part, which no other process has."""
        while True:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                with suppress(FileNotFoundError):
                    if os.path.samestat(os.fstat(descriptor), self._path.stat()):
                        return descriptor
            except BlockingIOError:
                os.close(descriptor)
                raise LeftAlone("another process fetches it") from None
            except BaseException:
                os.close(descriptor)
                raise
            # The other process was done, and it is the file in its place now.
            os.close(descriptor)

    def _take_up(self) -> None:
        """Go on with what is there of this version; throw away all else."""
        checksum = self._job.wanted.checksum
        there = os.fstat(self._descriptor).st_size
        if checksum is None or self._bound() != checksum or there > (self._job.wanted.size or 0):
            if there:
                os.ftruncate(self._descriptor, 0)
            self._bind(checksum)
            return
        while piece := os.read(self._descriptor, _PIECE):
            self._digest.update(piece)
            self.have += len(piece)
        self._came = self.have
        self._received(self.have)

    def _bound(self) -> str:
        try:
            with self._bond.open("rb") as file:
                return file.read(32).decode("ascii", "replace")
        except FileNotFoundError:
            return ""

    def _bind(self, checksum: str | None) -> None:
        """In the form that `md5sum` writes."""
        self._bond.unlink(missing_ok=True)
        if checksum is not None:
            with self._bond.open("x", encoding="utf-8") as file:
                file.write(f"{checksum}  {self._path.name}\n")

    def _flush(self) -> None:
        """Write what waits. Raises `DiskFailed`."""
        pieces, self._waiting, self._unwritten = self._waiting, [], 0
        try:
            self._write(pieces)
        except DiskFailed:
            self._forget_waiting()
            raise

    def _forget_waiting(self) -> None:
        """What came after what could not be written is of no use."""
        self._waiting, self._unwritten, self._came = [], 0, self.have

    def _write(self, pieces: Sequence[bytes]) -> None:
        # To join those that are large takes longer than to write each, and to write each that is small.
        try:
            for piece in pieces if len(pieces) <= _MOST_WRITES else (b"".join(pieces),):
                left = memoryview(piece)
                while left:
                    written = os.write(self._descriptor, left)
                    self._digest.update(left[:written])
                    self.have += written
                    left = left[written:]
        except OSError as error:
            raise DiskFailed(error) from error

    def _verify(self) -> None:
        wanted = self._job.wanted
        came = self._digest.hexdigest()
        if wanted.checksum == came and wanted.size in {None, self.have}:
            return
        head = os.pread(self._descriptor, _HEAD, 0)
        if is_denial(head):
            raise Denied("the archive denies access")
        if wanted.checksum is not None or wanted.size not in {None, self.have}:
            self._bind(came)
            self._received(-self.have)
            raise OtherContent("what came is another file than the archive lists: its size or its MD5 differs")
        if self._place.name.endswith(".fits") != head.startswith(b"SIMPLE  =") or is_page(head):
            raise OtherContent("what came is no such file: it may be a page with words of an error")

    def _check_place(self) -> None:
        old = self._job.old
        try:
            now = self._place.lstat()
        except FileNotFoundError:
            if old is None:
                return
            raise LeftAlone("the old file has gone meanwhile") from None
        if old is None:
            raise LeftAlone("another file came to its place meanwhile")
        if (now.st_size, now.st_mtime_ns) != (old.size, old.mtime_ns):
            raise LeftAlone("the old file was written to meanwhile: it is left as it is")


async def to_the_end(work: Callable[[], None]) -> None:
    """Do it in a thread, and wait for its end also where this is cancelled: it has the file open."""
    doing = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        await asyncio.shield(doing)
    except asyncio.CancelledError:
        await asyncio.wait([doing])
        raise


def discard(place: str) -> None:
    """Remove what came of a file: it is of no use. Raises `OSError`."""
    for ending in (".part", ".part.md5"):
        Path(f"{place}{ending}").unlink(missing_ok=True)


def is_whole(job: Job) -> bool:
    """Whether the file that lies there is the one that is wanted already. Raises `OSError`."""
    wanted = job.wanted
    if job.old is None or wanted.checksum is None or job.old.size != wanted.size:
        return False
    with open(job.place, "rb") as file:  # noqa: PTH123  # as hashlib wants it
        digest = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False))
    if digest.hexdigest() != wanted.checksum:
        return False
    # A process that was killed just after the rename leaves it.
    Path(f"{job.place}.part.md5").unlink(missing_ok=True)
    return True


def is_denial(body: bytes) -> bool:
    """Whether a body is the one that S3 and MAST have for who may not read a file."""
    return b"access denied" in body[:_HEAD].lower() or b"<code>accessdenied" in body[:_HEAD].lower()


def _keep(place: Path, old: LocalFile) -> None:
    """Give the old file a second name, which stays when the new one takes the first."""
    name = kept_name(place.name, old.pedigree)
    number = 1
    while True:
        kept = place.with_name(name if number == 1 else f"{name}.{number}")
        try:
            os.link(place, kept)
        except FileExistsError:
            if os.path.samestat(kept.stat(), place.stat()):
                return
            number += 1
            continue
        except OSError as error:
            if error.errno not in _WITHOUT_LINKS:
                raise
            # A disk without links.
            if kept.exists():
                number += 1
                continue
            shutil.copy2(place, kept)
        return
