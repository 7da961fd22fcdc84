"""Whole cycles with files on disk: when they are told as out of date, and what stops them."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from fits_files import write_copy, write_product
from pedigreed.model.pedigree import Pedigree
from pedigreed.service.subscriptions import with_programs
from watcher import DAY_0, Watcher

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pedigreed.config.settings import Config

# A folder is looked through in a process of its own.
pytestmark = pytest.mark.process

DAY = timedelta(days=1)
MADE = Pedigree("1.20.2", "jwst_1464.pmap", datetime(2025, 11, 2, tzinfo=UTC))
OLDER = Pedigree("1.19.1", "jwst_1413.pmap", datetime(2025, 6, 1, tzinfo=UTC))


def day(number: float) -> datetime:
    return DAY_0 + number * DAY


@pytest.fixture
def folder() -> Iterator[Path]:
    """Its path is short enough to stand in a digest."""
    with TemporaryDirectory(prefix="jades-") as above:
        made = Path(above, "data")
        made.mkdir()
        yield made


def looking(watcher: Watcher, *folders: Path, **watch: object) -> Config:
    config = watcher.configured({"programs": [1180], **watch})
    (subscription,) = config.subscriptions
    return config.model_copy(
        update={"subscriptions": (subscription.model_copy(update={"local": tuple(folders)}),)}
    )


def put(watcher: Watcher, folder: Path, names: list[str]) -> None:
    """Copies of what the archive has."""
    for name in names:
        watcher.holdings.set([name], fileSize=write_copy(folder / name, MADE).stat().st_size)


def words(text: str) -> str:
    """Without the breaks of its lines."""
    return " ".join(text.split())


def test_files_become_out_of_date_with_a_reprocessing(watcher: Watcher, folder: Path) -> None:
    names = watcher.holdings.add(1180, 10)
    put(watcher, folder, names[:6])
    config = looking(watcher, folder)
    assert f"none of 6 files under {folder} is older" in words(watcher.told(day(0), config)["a"])
    assert watcher.told(day(1), config) == {}
    watcher.holdings.remake(names[4:], at=day(1.5))
    cycle = watcher.cycle(day(2), config)
    (closed,) = cycle.outgoing.closed
    assert closed.rendered is not None
    assert "2 outdated on disk" in closed.rendered.subject
    text = words(closed.rendered.text)
    assert f"ON YOUR DISK 2 of 6 files under {folder} are older than the archive's" in text
    assert "To list them: `pedigreed local" in text
    assert text.index("ON YOUR DISK") < text.index("REPROCESSED")
    assert watcher.told(day(3), config) == {}, "it was told"


def test_an_old_file_that_arrives_is_told_once(watcher: Watcher, folder: Path) -> None:
    names = watcher.holdings.add(1180, 3)
    config = looking(watcher, folder)
    watcher.told(day(0), config)
    write_copy(folder / "below" / names[0], OLDER)
    assert "1 of 1 file" in words(watcher.told(day(1), config)["a"])
    assert watcher.told(day(2), config) == {}
    put(watcher, folder / "below", names[:1])
    assert watcher.told(day(3), config) == {}, "it was replaced by the new one"


def test_a_change_that_is_not_asked_for_makes_files_old_all_the_same(watcher: Watcher, folder: Path) -> None:
    names = watcher.holdings.add(1180, 3)
    put(watcher, folder, names[:1])
    config = looking(watcher, folder, events=["withdrawn"])
    watcher.told(day(0), config)
    watcher.holdings.remake(names, at=day(0.5))
    text = watcher.told(day(1), config)["a"]
    assert "1 of 1 file" in words(text)
    assert "REPROCESSED" not in text
    assert watcher.told(day(2), config) == {}


def test_only_what_the_subscription_selects_is_compared(watcher: Watcher, folder: Path) -> None:
    names = watcher.holdings.add(1180, 3)
    for name in names:
        write_copy(folder / name, OLDER)
    write_product(folder / "jw09999001001_02101_00001_nrcb1_cal.fits", "1.0.0", None, None)
    config = looking(watcher, folder, levels=["3"])
    text = words(watcher.told(day(0), config)["a"])
    assert f"no file under {folder} is among the products that you watch" in text


def test_what_can_not_be_read_stops_nothing_else(watcher: Watcher, folder: Path) -> None:
    names = watcher.holdings.add(1180, 3)
    write_copy(folder / names[0], OLDER)
    (folder / names[1]).write_bytes(b"no FITS")
    os.mkfifo(folder / names[2])
    config = looking(watcher, folder.parent / "gone", folder)
    text = words(watcher.told(day(0), config)["a"])
    assert "1 of 2 files is older than the archive's; 1 of 2 folders was not looked through" in text
    assert f"{folder.parent}/gone: not looked through: " in text
    assert f"{folder}: 1 of 2 files; 1 damaged; 1 could not be read" in text


def test_a_folder_that_goes_is_told_when_it_begins_and_when_it_is_over(watcher: Watcher, folder: Path) -> None:
    names = watcher.holdings.add(1180, 3)
    put(watcher, folder, names[:1])
    config = looking(watcher, folder)
    watcher.told(day(0), config)
    shutil.move(folder, folder.parent / "away")
    folder.mkdir()
    cycle = watcher.cycle(day(1), config)
    assert cycle.is_complete
    (closed,) = cycle.outgoing.closed
    assert closed.rendered is not None
    assert closed.rendered.subject == "[pedigreed] a: disk not read"
    assert "it had 1 product and now has none: is its disk mounted?" in words(closed.rendered.text)
    assert watcher.told(day(2), config) == {}
    folder.rmdir()
    shutil.move(folder.parent / "away", folder)
    assert "none of 1 file" in words(watcher.told(day(3), config)["a"])
    assert watcher.told(day(4), config) == {}


def test_the_programs_whose_files_lie_on_disk_are_watched(watcher: Watcher, folder: Path) -> None:
    first, second = watcher.holdings.add(1180, 3), watcher.holdings.add(1345, 2)
    config = looking(watcher, folder, programs="from-disk")
    assert watcher.told(day(0), config) == {}, "nothing lies there"
    put(watcher, folder, first[:1])
    text = words(watcher.told(day(1), config)["a"])
    assert "NOW WATCHING 1 program with 3 products" in text
    assert f"none of 1 file under {folder} is older" in text
    put(watcher, folder / "more", second[:1])
    assert "NOW WATCHING 1 program with 2 products" in words(watcher.told(day(2), config)["a"])
    watcher.holdings.remake([first[2], *second], at=day(2.5))
    text = words(watcher.told(day(3), config)["a"])
    assert "programs 1180 and 1345" in text
    assert "REPROCESSED 3 of 5 products" in text
    assert "CHECKED 2 of 2 programs" in text
    shutil.rmtree(folder / "more")
    watcher.cycle(day(4), config)
    assert with_programs(config, watcher.store).programs == {1180}
    shutil.move(folder, folder.parent / "away")
    watcher.cycle(day(5), config)
    assert with_programs(config, watcher.store).programs == {1180}, "its disk is not mounted"


def test_a_folder_that_is_not_configured_any_more_is_forgotten(watcher: Watcher, folder: Path) -> None:
    names = watcher.holdings.add(1180, 3)
    write_copy(folder / names[0], OLDER)
    watcher.told(day(0), looking(watcher, folder))
    assert watcher.told(day(1), looking(watcher)) == {}
    assert "1 of 1 file" in words(watcher.told(day(2), looking(watcher, folder))["a"])
