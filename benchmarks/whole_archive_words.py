"""The whole archive, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.verdicts import Row, most

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.figures import ArchiveDay, WholeArchive

_FIRST_LOOK, _CAMPAIGN, _PEAK, _PAGE = 180.0, 30.0, 400.0, 1.0
"""Seconds of the processor, MB: of the archive in full."""


def whole_archive_rows(found: WholeArchive, on_postgresql: WholeArchive | None) -> list[Row]:
    return [
        *_rows("the whole archive on SQLite", found),
        *(_rows("the whole archive on PostgreSQL", on_postgresql) if on_postgresql else ()),
    ]


def _rows(of: str, found: WholeArchive) -> Iterator[Row]:
    yield most(f"{of}: first look, CPU s", _seconds(found.first), _FIRST_LOOK)
    yield f"{of}: a quiet day, CPU s", f"{_seconds(found.quiet):.1f}", "", ""
    yield most(f"{of}: a day of a campaign, CPU s", _seconds(found.campaign), _CAMPAIGN)
    yield f"{of}: requests of a quiet day", str(found.quiet.requests), "", ""
    yield most(f"{of}: peak memory, MB", found.campaign.peak / 1e6, _PEAK)
    yield most(f"{of}: the status page, CPU s", found.page, _PAGE)
    yield most(f"{of}: `pedigreed history`, CPU s", found.history, _PAGE)


def whole_archive_words(found: WholeArchive, on_postgresql: WholeArchive | None) -> str:
    parts = (
        f"`programs: all` over {found.programs:,} programs with {found.products:,} products of four instruments.",
        "The archive is another process on loopback, and seconds are the processor's, of asking and of telling.",
        "All three days are asked for and told in one process here, whose memory is the most until then; the",
        "daemon begins one for each asking and each telling.",
        "On an SQLite file:",
        _days(found),
        "On PostgreSQL, whose own seconds are not counted:" if on_postgresql else "PostgreSQL was not there.",
        _days(on_postgresql) if on_postgresql else "",
        "Products are counted where they change, in the transaction that keeps them: a row for each program and",
        "instrument, which pages and digests read. How many programs are asked for at once follows from the rows",
        "of those that were swept before, so that one full page is thrown away in a first look. Of a campaign's",
        "day, asking reads a week's part of the sweeps beside what changed, and telling is a digest with all of",
        "it attached, whose changes are kept packed.",
        "By `sqlite3` alone, with the same tables and indexes and nothing else, on the same machine, it takes",
        "32 s to put 3,000,000 products into a file, and 17 s to find 300,000 of them by their names, to change",
        "them and to add their changes: they are spread evenly, so that nearly every page of the table is written",
        "anew. The two lists that go with the digest are about two fifths of the telling.",
        "Before all this was so, the process had 786 MB in the end, and the page took 12 s.",
    )
    return " ".join(part for part in parts if part)


def _days(found: WholeArchive) -> str:
    return (
        f"the first look {_day(found.first)}; a day as most are {_day(found.quiet)}; one of a campaign "
        f"{_day(found.campaign)}. Peak memory is {found.first.peak / 1e6:.0f} MB after the first look and "
        f"{found.campaign.peak / 1e6:.0f} MB in the end. After these the status page takes {found.page:.2f} s, "
        f"and `pedigreed history` {found.history * 1e3:.0f} ms."
    )


def _seconds(day: ArchiveDay) -> float:
    return day.asking + day.telling


def _day(day: ArchiveDay) -> str:
    changes = f", {day.changes:,} changes" if day.changes else ""
    return f"{day.requests:,} requests, {day.rows:,} rows{changes}, {day.asking:.1f} s and {day.telling:.1f} s"
