"""docs/architecture.md says what the code is: its rooms, its files, and which of them a row and a notice pass."""

from __future__ import annotations

import gc
import os
import re
import sys
import threading
from contextlib import contextmanager
from datetime import timedelta
from functools import _lru_cache_wrapper
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import pedigreed
from misbehaving import FaultyArchive
from news_watcher import TEXT, news_watcher
from pedigreed.demo.crds_rules import rule_file
from pedigreed.demo.crds_story import Reference
from pedigreed.store.database import Store
from watcher import DAY_0, Holdings, Watcher

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

SOURCE = Path(pedigreed.__file__).parent
FILE = Path(__file__).parents[1] / "docs" / "architecture.md"
DOCUMENT = FILE.read_text(encoding="utf-8")
DAY = timedelta(days=1)


def section(title: str) -> str:
    """What stands below a heading, up to the next of any level."""
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#|\Z)", DOCUMENT, re.DOTALL | re.MULTILINE)
    assert found, title
    return found[1]


def listed(title: str) -> set[str]:
    """The files that a walk lists: rows of a table, `room/` and the names in it."""
    return {
        f"{room.removeprefix('./')}{name}.py"
        for room, names in re.findall(r"^\| `([a-z_./]+)` \| (.*) \|$", section(title), re.MULTILINE)
        for name in names.split(", ")
    }


def held(title: str, files: set[str]) -> None:
    """See that a walk lists these files. Where goldens are written anew, it is written to list them."""
    if os.environ.get("PEDIGREED_WRITE_GOLDEN") == "1":
        rooms: dict[str, list[str]] = {}
        for file in sorted(files):
            room, _, name = file.removesuffix(".py").rpartition("/")
            rooms.setdefault(f"{room or '.'}/", []).append(name)
        order = re.findall(r"^\| `([a-z_./]+)` \|", section(title), re.MULTILINE)
        in_order = sorted(rooms, key=lambda room: (order.index(room) if room in order else len(order), room))
        rows = "".join(f"| `{room}` | {', '.join(rooms[room])} |\n" for room in in_order)
        text = re.sub(r"(?:\| `.*\n)+", lambda _: rows, section(title), count=1)
        new = re.sub(r"^\d+ files", f"{len(files)} files", text, count=1, flags=re.MULTILINE)
        FILE.write_text(FILE.read_text(encoding="utf-8").replace(section(title), new), encoding="utf-8")
        return
    assert listed(title) == files
    assert f"\n{len(files)} files.\n" in section(title)


@contextmanager
def files_that_run() -> Iterator[set[str]]:
    """Collects the files of pedigreed that have a function called, in any thread. The demo's are left out."""
    files: set[str] = set()

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_code.co_name != "<module>":
            files.add(frame.f_code.co_filename)

    # What another test had worked out before would not run again; what the stand-ins work out is no part of it.
    # The objects that are frozen are not listed.
    rule_file("")
    gc.unfreeze()
    for each in gc.get_objects():
        if isinstance(each, _lru_cache_wrapper) and re.match(r"pedigreed\.(?!demo\.)", str(each.__module__)):
            each.cache_clear()
    found: set[str] = set()
    threading.setprofile(note)
    sys.setprofile(note)
    try:
        yield found
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
        ours = (Path(file).relative_to(SOURCE) for file in files if Path(file).is_relative_to(SOURCE))
        found |= {path.as_posix() for path in ours if path.suffix == ".py" and path.parts[0] != "demo"}


def test_every_room_has_its_line() -> None:
    rooms = {
        f"{path.name}/" if path.is_dir() else path.name
        for path in SOURCE.iterdir()
        if not path.name.startswith("_") and path.suffix in ("", ".py")
    }
    assert set(re.findall(r"^\| `([a-z_/.]+)` \|", section("The rooms"), re.MULTILINE)) == rooms


def test_every_file_that_is_named_is_there() -> None:
    named = set(re.findall(r"`((?:[a-z_]+/)+(?:[a-z_]+\.py)?|[a-z_]+\.py)`", DOCUMENT))
    assert len(named) > 30
    roots = (SOURCE, SOURCE.parents[1])
    assert not [name for name in named if not any((root / name).exists() for root in roots)]


@pytest.fixture
def row_files(tmp_path: Path) -> set[str]:
    """What runs in a cycle in which one row differs, told by mail, with the archive as the only source."""
    holdings = Holdings()
    url = f"sqlite:///{tmp_path / 'store' / 'pedigreed.db'}"
    with FaultyArchive(holdings.at, DAY_0) as archive, Store(url) as store:
        watcher = Watcher(store, archive, holdings, tmp_path / "mails")
        names = holdings.add(1180, 3)
        watcher.told(DAY_0)
        holdings.remake(names[:1], at=DAY_0 + DAY / 2)
        with files_that_run() as files:
            (text,) = watcher.told(DAY_0 + DAY).values()
        assert "REPROCESSED    1 of 3 products" in text
    return files


def test_the_walk_of_a_row_is_what_runs(row_files: set[str]) -> None:
    held("A changed row of MAST", row_files)


def test_the_walk_of_an_announcement_is_what_runs(row_files: set[str], tmp_path: Path) -> None:
    folder = tmp_path / "news"
    with Store(f"sqlite:///{folder / 'pedigreed.db'}") as store, news_watcher(folder, store) as news:
        news.cycle(DAY_0)
        photom = Reference("jwst_miri_photom_0301.fits", change_level="SEVERE")
        news.deliver(DAY_0 + DAY / 2, "jwst_1583", TEXT, photom)
        news.post(DAY_0 + DAY / 2, TEXT)
        with files_that_run() as files:
            news.cycle(DAY_0 + DAY)
    held("An announcement of CRDS", files - row_files)
