"""Fetching files: two at a time, each tried with patience, none of them harming another."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pedigreed.digests.wording import product_file
from pedigreed.durable import keep_names
from pedigreed.fetching.part_file import (
    Denied,
    DiskFailed,
    LeftAlone,
    OtherContent,
    PartFile,
    discard,
    is_denial,
    is_whole,
)
from pedigreed.fetching.plan import public_copy
from pedigreed.model.failure import UpstreamUnavailable
from pedigreed.net.access_token import by_mast_token
from pedigreed.net.exchange import Answer, Connections, Limits, Request, exchange, usable
from pedigreed.net.patience import Passing, Patience

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pedigreed.fetching.plan import Job
    from pedigreed.fetching.wanted_file import WantedFile

AT_ONCE = 2
"""Files that the archive is asked for: it is for all."""

UNDER_WAY = 4
"""Files with those that came, and are being brought down to the disk."""

PATIENCE = Patience(exchange_timeout=60.0, attempts=5, longest_pause=60.0, largest_answer=1 << 16, redirects=5)
"""`exchange_timeout` is for a silence. A whole file may take as long as its size does at the slowest rate."""

SLOWEST = 10_000
"""Bytes a second on the average of one exchange. What is slower is broken off, and taken up where it was."""

_GIVES_UP_AFTER = 3
"""Files in a row for which nobody answered. The others are not asked for: each would take as long."""

PUBLIC_COPY = "https://stpubdata.s3.us-east-1.amazonaws.com"

_DENIALS = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_ABSENCES = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
_RANGES = frozenset({HTTPStatus.PARTIAL_CONTENT, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE})


class Result(Enum):
    """What became of a file. The value is how it is told."""

    FETCHED = "fetched"
    THERE = "there already"
    LEFT = "left"
    DENIED = "under exclusive access"
    OTHER = "not as listed"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a job, and why where it is not here."""

    job: Job
    result: Result
    reason: str = ""

    @property
    def is_missing(self) -> bool:
        """Whether the file is not here as the archive has it."""
        return self.result not in {Result.FETCHED, Result.THERE}


@dataclass(frozen=True, slots=True)
class Archive:
    """Where files come from.

    Attributes:
        name: how it is called in words.
        address_of: the address of a file; None where it can't be there.
        token: for the archive alone; may be a secret.
    """

    name: str
    address_of: Callable[[str], str | None]
    token: str | None = None

    @classmethod
    def mast(cls, url: str, token: str | None) -> Archive:
        """MAST itself."""
        return cls("MAST", lambda filename: product_file(filename, url), token)

    @classmethod
    def s3(cls, url: str = PUBLIC_COPY) -> Archive:
        """The public copy on S3, which may lag behind MAST. It is asked without a name."""

        def address_of(filename: str) -> str | None:
            path = public_copy(filename)
            return path and f"{url.rstrip('/')}/{path}"

        return cls("the public copy", address_of)


class Watcher(Protocol):
    """Is told how it goes."""

    def received(self, count: int) -> None:
        """So many more bytes are here; fewer, where it is less than 0."""

    def ended(self, outcome: Outcome) -> None:
        """A file came to its end."""


def fetch(
    jobs: Sequence[Job],
    archive: Archive,
    watcher: Watcher,
    *,
    keeps_old: bool = False,
    ask_again: Callable[[frozenset[int]], Mapping[str, WantedFile]] | None = None,
    patience: Patience = PATIENCE,
) -> list[Outcome]:
    """Fetch files, each whole or not at all.

    Args:
        jobs: what, and to which place.
        archive: where from.
        watcher: is told how it goes.
        keeps_old: whether an old file stays beside the new one, under another name.
        ask_again: what the archive lists of some programs now, by file name. What came otherwise than listed may
            have been made anew meanwhile; where the list says so, it is fetched again.
        patience: with each file.
    """
    fetching = _Fetching(archive, watcher, keeps_old=keeps_old, patience=patience)
    ended = {outcome.job.place: outcome for outcome in asyncio.run(fetching.all(jobs))}
    others = [outcome.job for outcome in ended.values() if outcome.result is Result.OTHER]
    if others and ask_again is not None:
        now = ask_again(frozenset(job.wanted.program for job in others))
        again = [
            replace(job, wanted=listed)
            for job in others
            if (listed := now.get(job.wanted.filename)) and listed.checksum != job.wanted.checksum
        ]
        ended |= {outcome.job.place: outcome for outcome in asyncio.run(fetching.all(again))}
    for outcome in ended.values():
        if outcome.result is Result.OTHER:
            with suppress(OSError):
                discard(outcome.job.place)
            watcher.ended(outcome)
    return list(ended.values())


_RESULTS = ((Denied, Result.DENIED), (OtherContent, Result.OTHER), (LeftAlone, Result.LEFT))


class _Fetching:
    """What the files of one call have in common."""

    def __init__(self, archive: Archive, watcher: Watcher, *, keeps_old: bool, patience: Patience) -> None:
        self._archive = archive
        self._watcher = watcher
        self._keeps_old = keeps_old
        self._patience = patience
        self._connections: Connections | None = None
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._names = _Names()
        self._rests_until = 0.0
        self._stopped: DiskFailed | None = None
        self._unanswered = 0

    async def all(self, jobs: Iterable[Job]) -> list[Outcome]:
        """Fetch some, in their order as far as it goes."""
        under_way = asyncio.Semaphore(UNDER_WAY)
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._names = _Names()

        async def one(job: Job) -> Outcome:
            async with under_way:
                outcome = await self._one(job)
                if outcome.result is not Result.OTHER:
                    self._watcher.ended(outcome)
                return outcome

        self._connections = Connections(self._patience.exchange_timeout)
        async with self._connections, asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(job)) for job in jobs]
        return [task.result() for task in tasks]

    async def _one(self, job: Job) -> Outcome:
        try:
            if job.old is not None and await asyncio.to_thread(is_whole, job):
                self._watcher.received(job.wanted.size or 0)
                return Outcome(job, Result.THERE)
            if self._stopped is not None:
                raise self._stopped
            await self._fetch(job)
        except (UpstreamUnavailable, DiskFailed, OSError) as error:
            if isinstance(error, DiskFailed) and error.is_full:
                self._stopped = error
            result = next((result for kind, result in _RESULTS if isinstance(error, kind)), Result.MISSING)
            return Outcome(job, result, self._reason(error))
        return Outcome(job, Result.FETCHED)

    def _reason(self, error: Exception) -> str:
        if isinstance(error, OSError):
            return f"on the disk: {(error.strerror or str(error)).lower()}"
        return str(error) if isinstance(error, DiskFailed | LeftAlone) else f"{self._archive.name}: {error}"

    async def _fetch(self, job: Job) -> None:
        address = self._archive.address_of(job.wanted.filename)
        if address is None:
            raise UpstreamUnavailable("where it has such a file is not known")
        async with PartFile(job, self._watcher.received) as part:
            async with self._turns:
                if not part.is_complete:
                    await self._ask(address, job, part)
            await part.publish(keeps_old=self._keeps_old)
            await self._names.keep(Path(job.place).parent)

    async def _ask(self, address: str, job: Job, part: PartFile) -> None:
        """Ask until it is here, with patience."""
        if self._unanswered >= _GIVES_UP_AFTER:
            raise UpstreamUnavailable("it did not answer for others, and was not asked for this one")
        seconds = self._patience.total_timeout + (job.wanted.size or 0) / SLOWEST
        deadline = time.monotonic() + seconds
        try:
            async for attempt in self._patience.retrying_coroutine(deadline):
                with attempt:
                    await self._try(address, part, deadline)
        except UpstreamUnavailable:
            # `_try` begins the count anew with each answer. Who asked for a pause answered as well.
            self._unanswered += time.monotonic() >= self._rests_until
            raise

    async def _try(self, address: str, part: PartFile, deadline: float) -> None:
        """Ask once for what is missing. Raises `Passing` where that may succeed a moment later."""
        rest = self._rests_until - time.monotonic()
        if rest > deadline - time.monotonic():
            raise Passing("it asked for a longer pause", timedelta(seconds=rest))
        await asyncio.sleep(max(0.0, rest))
        headers = dict(part.asked)
        if self._archive.token:
            headers |= by_mast_token(self._archive.token)
        limits = Limits(
            deadline - time.monotonic(),
            self._patience.largest_answer,
            self._patience.redirects,
        )
        was_part = bool(headers.get("Range"))
        part.has_accepted = False
        request = Request("GET", address, headers)
        came = await exchange(request, limits, receiver=part, connections=self._connections)
        if isinstance(came, Answer):
            self._unanswered = 0
        if not part.is_complete:
            await part.drain()
        if isinstance(came, Answer) and not part.has_accepted:
            _refuse(came, part, was_part=was_part)
        try:
            usable(came, (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT))
        except Passing as error:
            self._rests_until = max(self._rests_until, time.monotonic() + error.pause.total_seconds())
            raise


class _Names:
    """Brings the names in folders down to the disk, once for all of the files that wait for it meanwhile."""

    def __init__(self) -> None:
        self._under_way: dict[Path, asyncio.Future[None]] = {}
        self._next: dict[Path, asyncio.Future[None]] = {}

    async def keep(self, folder: Path) -> None:
        """Wait until the names that are in a folder now are on the disk. Raises `OSError`."""
        if folder not in self._next:
            self._next[folder] = asyncio.ensure_future(self._after(folder, self._under_way.get(folder)))
        await asyncio.shield(self._next[folder])

    async def _after(self, folder: Path, before: asyncio.Future[None] | None) -> None:
        """The one that is under way may have looked at the folder before the rename."""
        if before is not None:
            await asyncio.wait([before])
        self._under_way[folder] = self._next.pop(folder)
        await asyncio.to_thread(keep_names, folder)


def _refuse(came: Answer, part: PartFile, *, was_part: bool) -> None:
    """Raise what an answer means that is not the file; those that `usable` has words for pass."""
    if came.status in _DENIALS or is_denial(came.body):
        raise Denied("the archive denies access")
    if came.status in _ABSENCES:
        raise UpstreamUnavailable("it has no such file")
    if was_part and came.status in _RANGES:
        part.begin_anew()
        raise Passing("it sent another part than was asked for")
    if came.status in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
        length = came.headers.get("Content-Length", "")
        size = f"{int(length):,} bytes" if length.isascii() and length.isdecimal() else "an answer"
        kind = came.headers.get("Content-Type", "an unknown kind").partition(";")[0]
        raise OtherContent(f"what came is {size} of {kind}, and not what the archive lists")
