"""The whole archive, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.verdicts import Row, most

if TYPE_CHECKING:
    from benchmarks.figures import ArchiveDay, WholeArchive

_FIRST_LOOK, _CAMPAIGN, _PEAK, _PAGE = 180.0, 30.0, 400.0, 1.0
"""Seconds of the processor, MB: of the archive in full."""


def whole_archive_rows(found: WholeArchive) -> list[Row]:
    of = f"1/{found.scale} of the archive"
    return [
        most(f"{of}: first look, CPU s", found.first.asking + found.first.telling, _FIRST_LOOK / found.scale),
        (f"{of}: a quiet day, CPU s", f"{found.quiet.asking + found.quiet.telling:.2f}", "", ""),
        most(
            f"{of}: a day of a campaign, CPU s",
            found.campaign.asking + found.campaign.telling,
            _CAMPAIGN / found.scale,
        ),
        (f"{of}: requests of a quiet day", str(found.quiet.requests), "", ""),
        (f"{of}: peak memory, MB", f"{found.campaign.peak / 1e6:.0f}", f"of all of it at most {_PEAK:.0f}", ""),
        (f"{of}: the status page, CPU s", f"{found.page:.2f}", f"of all of it at most {_PAGE:.0f}", ""),
    ]


def whole_archive_words(found: WholeArchive) -> str:
    parts = (
        f"`programs: all` over {found.programs:,} programs with {found.products:,} products of four instruments:",
        f"1/{found.scale} of the archive, of its changes and of the rows that a page and an answer may have, so",
        "that questions are split as they would be; on an SQLite file; the archive is another process on",
        "loopback, and seconds are the processor's, of asking and of telling. The first look:",
        f"{_day(found.first)}; a day as most are: {_day(found.quiet)}; one of a campaign:",
        f"{_day(found.campaign)}. Peak memory is {found.first.peak / 1e6:.0f} MB after the first look and",
        f"{found.campaign.peak / 1e6:.0f} MB in the end. After these the status page takes {found.page:.2f} s,",
        "and `pedigreed history`",
        f"{found.history * 1e3:.0f} ms.",
        "Products are counted where they change, in the transaction that keeps them: a row for each program and",
        "instrument, which pages and digests read. To group all of them twice was three quarters of the page.",
        "How many programs are asked for at once follows from the rows of those that were swept before, so that",
        "one full page is thrown away in a first look, and not one for each 100 NIRCam programs (115 requests,",
        "and 259 before).",
        "Of a campaign's day, asking reads a week's part of the sweeps beside what changed, and telling is a",
        "digest with all of it attached.",
        "The whole archive (`python -m benchmarks.whole_archive FOLDER 1 [STORE]`, on SQLite or PostgreSQL), on",
        "SQLite and on a busy machine about half as fast, took, before all this was so, 227 s and 12 s for the",
        "first look (180 s for both are aimed at), 27 s and 13 s for a day as most are, and 56 s and 29 s for one",
        "of a campaign with 300,000 changes (30 s). The process had 434 MB at the most after the first look,",
        "486 MB after a usual day and 786 MB after the campaign's (400 MB), whose digest kept each change in",
        "memory once. The",
        "page took 12 s (1 s), and `pedigreed history` 4 ms. On PostgreSQL it was begun, and not ended: before",
        "garbage was looked for ten times as often, the process had 598 MB after 1,900,000 rows there.",
    )
    return " ".join(parts)


def _day(day: ArchiveDay) -> str:
    changes = f", {day.changes:,} changes" if day.changes else ""
    return f"{day.requests:,} requests, {day.rows:,} rows{changes}, {day.asking:.1f} s and {day.telling:.1f} s"
