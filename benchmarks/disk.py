"""Files on a disk: their headers against astropy, a second look against the disk alone, memory, and downloads."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from benchmarks.figures import Disk, Timing
from benchmarks.measuring import alternated, hand_back, timed, without_log_lines
from pedigreed.fetching.fetch import AT_ONCE, Archive, Result, fetch
from pedigreed.fetching.plan import Job
from pedigreed.fetching.wanted_file import WantedFile
from pedigreed.model.coverage import Coverage
from pedigreed.model.instrument import Instrument
from pedigreed.model.pedigree import Pedigree
from pedigreed.model.product import KnownProduct, Product
from pedigreed.service.local_folders import survey_disk
from pedigreed.sources.disk.product_files import look_through, read_product
from pedigreed.store import coverage, products
from pedigreed.store.database import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pedigreed.fetching.fetch import Outcome

HEADERS = 20_000
COMPARED = 100_000
MANY = (2_000, 1_000_000)
LARGE = (4, 500_000_000)
"""Files, and bytes of each."""

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
OLD = Pedigree("1.20.2", "jwst_1464.pmap", datetime(2025, 11, 2, 4, tzinfo=UTC))
NEW = Pedigree("2.0.1", "jwst_1535.pmap", datetime(2026, 11, 21, 9, tzinfo=UTC))
_PROGRAM = 1180
_MOST_LINKS = 20_000
_TIMES = 5
_SERVER = """
import os, socket, sys, threading
path, size = sys.argv[1], int(sys.argv[2])
head = f"HTTP/1.1 200 OK\\r\\nContent-Type: application/fits\\r\\nContent-Length: {size}\\r\\n\\r\\n".encode()
listening = socket.create_server(("127.0.0.1", 0), backlog=64)
print(listening.getsockname()[1], flush=True)
def answer(connection):
    with connection, open(path, "rb") as file:
        asked = b""
        while True:
            while b"\\r\\n\\r\\n" not in asked:
                piece = connection.recv(65536)
                if not piece:
                    return
                asked += piece
            asked = asked.partition(b"\\r\\n\\r\\n")[2]
            connection.sendall(head)
            sent = 0
            while sent < size:
                sent += os.sendfile(connection.fileno(), file.fileno(), sent, size - sent)
while True:
    threading.Thread(target=answer, args=(listening.accept()[0],), daemon=True).start()
"""


def main(folder: Path) -> None:
    without_log_lines()
    os.environ["NO_PROXY"] = "*"
    data = folder / "data"
    make_files(data, HEADERS)
    fits = astropys_fits()
    paths = sorted(str(path) for path in data.rglob("*.fits"))
    headers = alternated(
        {
            "ours": lambda: timed(lambda: [read_product(path, NOW) for path in paths]),
            "astropy": lambda: timed(lambda: [fits.getheader(path) for path in paths]),
        },
        1,
    )
    known = {file.path: file for file in look_through(str(data), {}, NOW).files}
    looks = alternated(
        {
            "second": lambda: timed(lambda: look_through(str(data), known, NOW)),
            "disk": lambda: timed(lambda: disk_alone(data)),
        },
        _TIMES,
    )
    hand_back(
        Disk(
            files=HEADERS,
            ours=headers["ours"],
            astropy=headers["astropy"],
            second=looks["second"],
            disk=looks["disk"],
            compared=COMPARED,
            peak=peak_of_comparing(folder),
            many=downloads(folder, *MANY),
            large=downloads(folder, *LARGE),
        )
    )


def astropys_fits() -> Any:  # noqa: ANN401  # it has no types
    """Imported where it is used: its memory is not that of a comparison."""
    return import_module("astropy.io.fits")


def make_files(data: Path, count: int) -> None:
    """So many products in folders of a thousand. Names of one file share their bytes, as far as a disk allows."""
    fits = astropys_fits()
    header = fits.Header()
    for number in range(250):
        header[f"KEY{number}"] = (number, "as many keywords as a product has")
        if number == 10:  # noqa: PLR2004  # DATE and SDP_VER stand at the begin of a real header
            header["DATE"], header["SDP_VER"] = "2025-11-02T04:00:00.000", "2025_4b"
            header["CAL_VER"] = OLD.cal_ver
    header["CRDS_CTX"] = OLD.crds_ctx
    for number in range(count):
        place = data / str(number // 1000) / filename(number)
        place.parent.mkdir(parents=True, exist_ok=True)
        if number % _MOST_LINKS == 0:
            fits.HDUList([fits.PrimaryHDU(header=header), fits.ImageHDU(name="SCI")]).writeto(place)
            first = place
        else:
            place.hardlink_to(first)


def filename(number: int) -> str:
    return f"jw01180{number // 100_000 + 1:03d}001_02101_{number % 100_000:05d}_nrcb1_cal.fits"


def disk_alone(data: Path) -> int:
    """What `os.scandir` and `stat` cost of themselves."""
    waiting, found = [str(data)], 0
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    found += entry.stat().st_size
    return found


def peak_of_comparing(folder: Path) -> int:
    """Bytes of a process that compares files of a folder with a store, every tenth of them older."""
    data = folder / "compared"
    make_files(data, COMPARED)
    store = f"sqlite:///{folder}/compared.db"
    fill(store)
    command = [sys.executable, "-m", "benchmarks.disk", str(folder), "compare", store]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    shutil.rmtree(data)
    return int(done.stdout)


def fill(store: str) -> None:
    with Store(store) as opened, opened.writing() as connection:
        coverage.save(connection, Coverage(Instrument.NIRCAM, _PROGRAM, baseline_at=NOW, asked_at=NOW))
        rows = (
            KnownProduct(
                Product(
                    filename(number),
                    Instrument.NIRCAM,
                    _PROGRAM,
                    1,
                    "2b",
                    filename(number)[:25],
                    OLD if number % 10 else NEW,
                    size=None,
                    checksum="0" * 32,
                )
            )
            for number in range(COMPARED)
        )
        products.keep(connection, rows, {})


def compare(folder: Path, store: str) -> None:
    with Store(store) as opened:
        survey = survey_disk([str(folder / "compared")], NOW, opened, None, lambda _: None)
    assert len(survey.copies) == COMPARED
    # Not `getrusage`: a process begins with the peak of the one that started it.
    status = Path("/proc/self/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    print(int(peak.split()[1]) * 1024)


def downloads(folder: Path, count: int, size: int) -> tuple[Timing, Timing]:
    """Seconds of a fetch, and of httpx that writes the same without any check."""
    source = folder / "source"
    piece = b"SIMPLE  =                    T".ljust(80) + os.urandom(1 << 20)
    with source.open("wb") as file:
        while file.tell() < size:
            file.write(piece[: size - file.tell()])
    with source.open("rb") as file:
        checksum = hashlib.file_digest(file, "md5").hexdigest()
    names = [filename(number) for number in range(count)]
    there = folder / "fetched"
    with served(source, size) as url:
        jobs = [Job(WantedFile(name, _PROGRAM, size, checksum), str(there / name)) for name in names]
        taken = alternated(
            {
                "ours": lambda: into(there, lambda: ours(jobs, url)),
                "httpx": lambda: into(there, lambda: asyncio.run(by_httpx(there, names, url))),
            },
            2,
        )
    source.unlink()
    return taken["ours"], taken["httpx"]


def into(there: Path, action: Callable[[], object]) -> float:
    there.mkdir()
    os.sync()
    started = time.perf_counter()
    action()
    taken = time.perf_counter() - started
    shutil.rmtree(there)
    return taken


class Quiet:
    def received(self, count: int) -> None:
        """Nothing is shown."""

    def ended(self, outcome: Outcome) -> None:
        """Nothing is shown."""


def ours(jobs: Sequence[Job], url: str) -> None:
    outcomes = fetch(jobs, Archive.mast(url, None), Quiet())
    assert all(outcome.result is Result.FETCHED for outcome in outcomes)


async def by_httpx(there: Path, names: Sequence[str], url: str) -> None:
    turns = asyncio.Semaphore(AT_ONCE)
    async with httpx.AsyncClient() as client:

        async def one(name: str) -> None:
            async with turns, client.stream("GET", f"{url}/{name}") as response:
                with (there / name).open("wb") as file:
                    async for piece in response.aiter_raw():
                        file.write(piece)

        await asyncio.gather(*map(one, names))


@contextmanager
def served(source: Path, size: int) -> Iterator[str]:
    """A server in another process that gives one file under every name."""
    command = [sys.executable, "-c", _SERVER, str(source), str(size)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


if __name__ == "__main__":
    if sys.argv[2:3] == ["compare"]:
        compare(Path(sys.argv[1]), sys.argv[3])
    else:
        main(Path(sys.argv[1]))
