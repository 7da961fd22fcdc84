"""Files on a disk and their downloads, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.verdicts import Row, least, most

if TYPE_CHECKING:
    from benchmarks.figures import Disk


def disk_rows(found: Disk) -> list[Row]:
    headers = found.astropy.median / found.ours.median
    (many, bare_many), (large, bare_large) = found.many, found.large
    return [
        least(f"headers of {found.files:,} files, times faster than astropy's getheader", headers, 15),
        most("a second look, against scandir and stat alone", found.second.median / found.disk.median, 1.5),
        most(f"peak memory of comparing {found.compared:,} files, MB", found.peak / 1e6, 150),
        least(
            "fetching 2,000 files of 1 MB, against httpx without any check", bare_many.median / many.median, 0.8
        ),
        least("fetching 4 files of 500 MB, the same", bare_large.median / large.median, 0.9),
    ]


def disk_words(found: Disk) -> str:
    (many, bare_many), (large, bare_large) = found.many, found.large
    return (
        f"The pedigree of {found.files:,} files by their headers: {found.ours}, against {found.astropy} of "
        "`astropy.io.fits.getheader`. A second look at them, where nothing has changed: "
        f"{found.second}, against {found.disk} of `os.scandir` and `stat`. {found.compared:,} files are compared "
        "with what an SQLite store knows of the archive, a tenth of them older. "
        "Downloads from a server in another process on loopback, two at a time, each verified by size and MD5, "
        "and brought down to the disk before it is renamed: 2,000 files of 1 MB "
        f"{many}, against {bare_many} of `httpx` that writes them and checks nothing; 4 files of 500 MB {large}, "
        f"against {bare_large}. By a client that reads in pieces of 64 kB, as `httpx` does, they were at 0.54 and "
        "0.63 of it, since adding all to an MD5 takes about as long as `httpx` itself."
    )
