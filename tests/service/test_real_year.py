"""A year of rows that MAST really had, served as it went by: what is told is what happened, and nothing else.

A month of made-up rows has the same texture, for where the real rows are not beside the checkout.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import lzma
from bisect import bisect_right
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bulk_rows import bulk_rows
from misbehaving import FaultyArchive
from pedigreed.model.instant import from_mjd, to_mjd
from pedigreed.model.instrument import Instrument
from pedigreed.store.database import Store
from watcher import Holdings, Watcher

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pedigreed.config.settings import Config
    from pedigreed.demo.filters import Row
    from pedigreed.model.digest import Attachment

REAL = Path(__file__).parents[3] / "shared" / "data" / "mast" / "real_year_2025-09_2026-08.jsonl.xz"
DAY = timedelta(days=1)
BEGIN = datetime(2025, 9, 12, 6, tzinfo=UTC)
Told = dict[str, set[tuple[str, str]]]
"""Day of the digest -> kind and file name of each change in it."""


class Year:
    """Versions of files, each served from when it was ingested, or, where only a flag moved, first seen."""

    def __init__(self, seen: Iterable[tuple[datetime, Row]]) -> None:
        versions: dict[str, list[tuple[datetime, Row]]] = defaultdict(list)
        for first_seen, row in seen:
            mine = versions[str(row["filename"])]
            ingested = from_mjd(float(str(row["ingestCompletionDate_mjd"])))
            is_remade = not mine or mine[-1][1]["ingestCompletionDate_mjd"] != row["ingestCompletionDate_mjd"]
            mine.append((ingested if is_remade else first_seen, row))
        self.moments = {name: [moment for moment, _ in mine] for name, mine in versions.items()}
        self.rows = {name: [row for _, row in mine] for name, mine in versions.items()}
        self.replaced = dict(self._replaced())
        self._listed: tuple[datetime | None, list[Row]] = (None, [])
        self.programs = sorted({int(str(rows[0]["program"])) for rows in self.rows.values()})

    def at(self, now: datetime) -> list[Row]:
        """What MAST lists: the newest version of each, less lower levels that a cal has come for."""
        if self._listed[0] != now:
            self._listed = now, list(self.by_name(now).values())
        return self._listed[1]

    def by_name(self, now: datetime) -> dict[str, Row]:
        listed = {}
        for name, moments in self.moments.items():
            newest = bisect_right(moments, now) - 1
            if newest >= 0 and not (name in self.replaced and self.replaced[name] <= now):
                listed[name] = self.rows[name][newest]
        return listed

    def _replaced(self) -> Iterator[tuple[str, datetime]]:
        for name, moments in self.moments.items():
            exposure, _, kind = name.rpartition("_")
            came = self.moments.get(f"{exposure}_cal.fits")
            if kind in {"rate.fits", "rateints.fits"} and came is not None and came[0] > moments[0]:
                yield name, came[0]


def real_year(instruments: Iterable[Instrument]) -> Year:
    names = {each.value.upper() for each in instruments}
    rows: list[tuple[datetime, Row]] = []
    with lzma.open(REAL, "rt") as lines:
        for line in lines:
            record = json.loads(line)
            row: Row = {**record["row"], "instrume": record["instrument"].upper()}
            if row["instrume"] in names:
                rows.append((datetime.fromisoformat(record["first_seen"]), row))
    return Year(sorted(rows, key=lambda each: each[0]))


def made_up_month(begin: datetime) -> Year:
    """Files of two programs: some remade, flagged before; some new, some released; a few rates replaced."""
    rows: list[tuple[datetime, Row]] = []
    for program, instrument in ((1180, Instrument.NIRCAM), (1181, Instrument.NIRSPEC)):
        for number, plain in enumerate(bulk_rows(program, instrument, 120)):
            came = begin - 9 * DAY if number % 5 else begin + (number % 29) * DAY + timedelta(hours=3)
            row: Row = {
                **plain,
                "instrume": instrument.value.upper(),
                "isRestricted": False,
                "isStale": False,
                "date_mjd": to_mjd(came - timedelta(hours=1)),
                "ingestCompletionDate_mjd": to_mjd(came),
                "publicReleaseDate_mjd": to_mjd(begin + (number % 60 - 20) * DAY),
            }
            if str(row["filename"]).endswith("_cal.fits") and number % 7 == 0:
                continue
            rows.append((came, row))
            remade = begin + (number % 23) * DAY + timedelta(hours=8)
            if number % 3 == 0 and remade > came + 4 * DAY:
                rows.append((remade - 2 * DAY, {**row, "isStale": True}))
                times = {"date_mjd": to_mjd(remade), "ingestCompletionDate_mjd": to_mjd(remade)}
                rows.append((remade, {**row, **times, "crds_ctx": "jwst_1535.pmap", "checksum": f"{number:032x}"}))
            if number % 14 == 6 and str(row["filename"]).endswith("_rate.fits"):
                replaced = begin + 17 * DAY
                times = {"date_mjd": to_mjd(replaced), "ingestCompletionDate_mjd": to_mjd(replaced)}
                name = str(row["filename"]).replace("_rate.fits", "_cal.fits")
                rows.append((replaced, {**row, **times, "filename": name, "productLevel": "2b"}))
    return Year(sorted(rows, key=lambda each: each[0]))


def rows_of(table: Attachment) -> Iterator[tuple[str, str]]:
    """Kind and file name of each change."""
    content = gzip.decompress(table.content) if table.filename.endswith(".gz") else table.content
    for row in csv.DictReader(io.StringIO(content.decode())):
        # The first data of a program are new too.
        yield row["kind"].replace("first", "new"), row["filename"]


def told_of(watcher: Watcher, moments: list[datetime], config: Config) -> Told:
    """What the digests' lists say, cycle by cycle."""
    told: Told = {}
    for now in moments:
        cycle = watcher.cycle(now, config)
        assert cycle.is_complete
        for closed in cycle.outgoing.closed:
            for attachment in closed.rendered.attachments if closed.rendered else ():
                if ".csv" in attachment.filename:
                    told[str(now)] = set(rows_of(attachment))
    return told


def truth_of(year: Year, moments: list[datetime]) -> Told:
    """The same, from the rows alone."""
    truth: Told = {}
    exclusive: set[str] = set()
    before: dict[str, Row] = {}
    for number, now in enumerate(moments):
        listed = year.by_name(now)
        happened: set[tuple[str, str]] = set()
        for name, row in listed.items():
            public_at = from_mjd(float(str(row["publicReleaseDate_mjd"])))
            if name not in before:
                if number:
                    replaces = any(
                        name.replace("_cal.", f"_{lower}.") in before.keys() - listed.keys()
                        for lower in ("rate", "rateints")
                    )
                    happened.add(("relisted" if replaces and name.endswith("_cal.fits") else "new", name))
            elif any(
                row.get(keyword) != before[name].get(keyword) for keyword in ("cal_ver", "crds_ctx", "date_mjd")
            ):
                happened.add(("reprocessed", name))
            if public_at > now:
                exclusive.add(name)
            elif name in exclusive:
                exclusive.discard(name)
                happened.add(("public", name))
        if happened:
            truth[str(now)] = happened
        before = listed
    return truth


def assert_told_as_it_was(
    year: Year, moments: list[datetime], folder: Path, instruments: Iterable[Instrument] = tuple(Instrument)
) -> None:
    with FaultyArchive(year.at, moments[0]) as recorded, Store(f"sqlite:///{folder / 'pedigreed.db'}") as store:
        watcher = Watcher(store, recorded, Holdings(), folder / "kept")
        names = [each.value for each in instruments]
        config = watcher.configured({"programs": year.programs, "instruments": names})
        told = told_of(watcher, moments, config)
    truth = truth_of(year, moments)
    assert {kind for changes in truth.values() for kind, _ in changes} == {
        "new",
        "reprocessed",
        "public",
        "relisted",
    }
    for now in moments:
        assert told.get(str(now), set()) == truth.get(str(now), set()), now


@pytest.mark.parametrize("every", [DAY, 7 * DAY], ids=["by day", "by week"])
@pytest.mark.long
def test_what_is_told_of_a_month_is_what_happened(tmp_path: Path, every: timedelta) -> None:
    moments = [BEGIN + number * every for number in range(35 * DAY // every)]
    assert_told_as_it_was(made_up_month(BEGIN), moments, tmp_path)


@pytest.mark.long
@pytest.mark.skipif(not REAL.is_file(), reason="the real rows are not beside this checkout")
@pytest.mark.parametrize(
    ("instruments", "every"),
    # By day, the rows of one instrument are enough: those of all take minutes.
    [((Instrument.NIRISS,), DAY), (tuple(Instrument), 7 * DAY)],
    ids=["NIRISS by day", "all by week"],
)
def test_what_is_told_of_the_real_year_is_what_happened(
    tmp_path: Path, instruments: tuple[Instrument, ...], every: timedelta
) -> None:
    moments = [BEGIN + number * every for number in range(345 * DAY // every)]
    assert_told_as_it_was(real_year(instruments), moments, tmp_path, instruments)
