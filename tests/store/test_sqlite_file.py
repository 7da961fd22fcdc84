"""A store in a file: who may read it, what survives, and what is refused and left as it is."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from nobody import without_privileges
from pedigreed.model.failure import StoreCorrupt, StoreError, StoreTooNew, TryAgain
from pedigreed.store import periods
from pedigreed.store.database import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
PAGE = 4096
LEAF_OF_A_TABLE = 0x0D

LOCKER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute(sys.argv[2])
print("locked", flush=True)
sys.stdin.read()
connection.close()
"""

COUNTER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
print(connection.execute("SELECT count(*) FROM periods").fetchone()[0])
connection.close()
"""

WRITER = """
import os, signal, sys
from datetime import UTC, datetime
from pedigreed.store import periods
from pedigreed.store.database import Store

store = Store(sys.argv[1])
for number in range(5):
    with store.writing() as connection:
        periods.claim(connection, {f"subscription {number}": "2026-11-21"}, datetime(2026, 11, 21, tzinfo=UTC))
with store.writing() as connection:
    periods.claim(connection, {"unfinished": "2026-11-21"}, datetime(2026, 11, 21, tzinfo=UTC))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def fill(store: Store, subscriptions: int = 2000, prefix: str = "subscription") -> None:
    with store.writing() as connection:
        for number in range(subscriptions):
            periods.claim(connection, {f"{prefix} {number} {'x' * 200}": "2026-11-21"}, NOON)


def count(url: str) -> int:
    with Store(url) as store, store.reading() as connection:
        found: int = connection.exec_driver_sql("SELECT count(*) FROM periods").scalar_one()
        return found


def seen_from_outside(path: Path) -> int:
    """What another process finds."""
    command = [sys.executable, "-c", COUNTER, str(path)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def make(url: str, subscriptions: int = 2000) -> None:
    with Store(url) as store:
        fill(store, subscriptions)


def contents(folder: Path) -> dict[str, bytes]:
    """What stands in a folder, without the empty files that a reader of SQLite leaves."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if not path.name.endswith("-shm")}


def without_empty(files: dict[str, bytes]) -> dict[str, bytes]:
    return {name: held for name, held in files.items() if held}


@contextmanager
def locked(path: Path, how: str) -> Iterator[None]:
    """Another process has the file."""
    command = [sys.executable, "-c", LOCKER, str(path), how]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        yield
        process.communicate("")


def garbage(path: Path) -> None:
    path.write_bytes(b"\x89PNG" * 3000)


def truncated(path: Path) -> None:
    held = path.read_bytes()
    path.write_bytes(held[: len(held) // 2 + 100])


def flipped(path: Path) -> None:
    """Every bit of a page in the middle of the longest table is turned round."""
    held = bytearray(path.read_bytes())
    for start in range(0, len(held), PAGE):
        page = held[start : start + PAGE]
        if page[0] == LEAF_OF_A_TABLE and b"subscription 1000 " in page:
            held[start : start + PAGE] = bytes(byte ^ 0xFF for byte in page)
            path.write_bytes(held)
            return
    raise AssertionError("the page was not found")


def test_the_file_is_private_and_so_are_its_companions_and_new_folders(tmp_path: Path) -> None:
    shared = tmp_path / "there"
    shared.mkdir()
    shared.chmod(0o755)
    path = shared / "new" / "newer" / "pedigreed.db"
    umask = os.umask(0)
    try:
        with Store(f"sqlite:///{path}") as store:
            fill(store, 1)
            modes = {entry.name: entry.stat().st_mode & 0o777 for entry in path.parent.iterdir()}
    finally:
        os.umask(umask)
    assert modes == {"pedigreed.db": 0o600, "pedigreed.db-wal": 0o600, "pedigreed.db-shm": 0o600}
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert path.parent.parent.stat().st_mode & 0o777 == 0o700
    assert shared.stat().st_mode & 0o777 == 0o755, "a folder that was there keeps its mode"


def test_every_connection_is_in_the_safe_mode(url: str) -> None:
    with Store(url) as store, store.writing() as first, store.reading() as second:
        for connection in (first, second):
            pragmas = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys")
            }
            assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_a_connection_that_wrote_changes_nothing_where_it_only_reads(url: str) -> None:
    """The transactions of one thread share a connection of the pool."""
    with Store(url) as store:
        for _ in range(2):
            with store.writing() as connection:
                connection.execute(text("PRAGMA user_version = 7"))
            with pytest.raises(StoreError, match="readonly"), store.reading() as connection:
                connection.execute(text("PRAGMA user_version = 8"))
            with store.reading() as connection:
                assert connection.execute(text("PRAGMA user_version")).scalar() == 7


@pytest.mark.failure("the process is killed after the digest is kept, before it is sent")
@pytest.mark.process
def test_what_was_committed_survives_a_kill(path: Path, url: str) -> None:
    done = subprocess.run([sys.executable, "-c", WRITER, url], check=False)
    assert done.returncode == -9
    assert path.with_name("pedigreed.db-wal").stat().st_size > 0
    assert count(url) == 5


def test_nothing_but_the_file_is_left_after_closing(path: Path, url: str) -> None:
    make(url, 10)
    assert count(url) == 10
    assert [entry.name for entry in path.parent.iterdir()] == ["pedigreed.db"]


def test_an_empty_file_is_a_new_store(path: Path, url: str) -> None:
    path.parent.mkdir()
    path.touch()
    assert count(url) == 0


def test_a_path_may_hold_any_character_that_files_may(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/it's 100% ours #1 & a \u2192 b/pedigreed.db"
    make(url, 3)
    assert count(url) == 3
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.failure("the store's file is damaged")
@pytest.mark.parametrize("damage", [garbage, truncated, flipped])
def test_a_damaged_file_is_refused_and_left_byte_for_byte(
    path: Path, url: str, damage: Callable[[Path], None]
) -> None:
    make(url)
    damage(path)
    before = contents(path.parent)
    for _ in range(2):
        with pytest.raises(StoreCorrupt, match=r"pedigreed\.db is damaged, and is left as it is"):
            Store(url)
    assert without_empty(contents(path.parent)) == before


def test_a_damaged_file_with_a_log_beside_it_is_left_byte_for_byte(tmp_path: Path, path: Path, url: str) -> None:
    # Only the reader that opens it must not write the log back, so the file is copied while its log is full.
    crashed = tmp_path / "crashed" / "pedigreed.db"
    make(url)
    with Store(url) as store:
        fill(store, 50, "later")
        shutil.copytree(path.parent, crashed.parent)
    flipped(path)
    crashed.write_bytes(path.read_bytes())
    before = contents(crashed.parent)
    assert before["pedigreed.db-wal"]
    with pytest.raises(StoreCorrupt):
        Store(f"sqlite:///{crashed}")
    assert contents(crashed.parent) == before


def test_a_log_that_a_crash_left_is_read(tmp_path: Path, path: Path, url: str) -> None:
    crashed = tmp_path / "crashed"
    make(url, 5)
    with Store(url) as store:
        fill(store, 50, "later")
        shutil.copytree(path.parent, crashed)
    assert count(f"sqlite:///{crashed}/pedigreed.db") == 55


@pytest.mark.failure("the store's file is damaged")
@pytest.mark.process
def test_the_way_to_recover_works(tmp_path: Path) -> None:
    if shutil.which("sqlite3") is None:
        if os.environ.get("PEDIGREED_REQUIRE_SERVERS"):
            pytest.fail("the sqlite3 program is required, and is not there")
        pytest.skip("the sqlite3 program is not there")
    path = tmp_path / "a folder" / "it's mine.db"
    url = f"sqlite:///{path}"
    make(url)
    flipped(path)
    with pytest.raises(StoreCorrupt) as raised:
        Store(url)
    commands = re.findall(r"^    (.+)$", str(raised.value), re.MULTILINE)
    assert commands
    subprocess.run(["sh", "-c", "\n".join(commands)], check=True, cwd="/")
    found = count(url)
    assert 1900 < found < 2000, "all but a page of it"
    assert path.stat().st_mode & 0o777 == 0o600
    make(url, 2000)
    assert count(url) == 2000, "the recovered store keeps what it is given"


def test_damage_that_shows_later_is_told_as_damage(path: Path, url: str) -> None:
    make(url)
    with Store(url) as store:
        flipped(path)
        with pytest.raises(StoreCorrupt), store.reading() as connection:
            connection.exec_driver_sql("SELECT sum(length(subscription)) FROM periods NOT INDEXED").scalar()


def test_a_newer_file_is_refused_byte_for_byte(path: Path, url: str) -> None:
    make(url, 10)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0999'")
    before = contents(path.parent)
    with pytest.raises(StoreTooNew):
        Store(url)
    assert without_empty(contents(path.parent)) == before


@pytest.mark.process
def test_another_process_that_writes_delays_writing_and_not_reading(path: Path, url: str) -> None:
    make(url, 10)
    with locked(path, "BEGIN IMMEDIATE"), Store(url, busy_seconds=0.05) as store:
        with pytest.raises(TryAgain, match=r"in use by another process for more than 0\.05 s"):
            fill(store, 1)
        with store.reading() as connection:
            assert periods.last_closed(connection, NOON, ["none such"]) == {}
    assert count(url) == 10


@pytest.mark.process
def test_a_file_that_another_process_has_alone_is_tried_again_later(path: Path, url: str) -> None:
    make(url, 10)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    with locked(path, "BEGIN EXCLUSIVE"), pytest.raises(TryAgain, match="in use by another process"):
        Store(url, busy_seconds=0.05)
    assert count(url) == 10


def test_there_is_one_writer_from_its_start(url: str) -> None:
    with Store(url, busy_seconds=0.05) as store, store.writing(), pytest.raises(TryAgain), store.writing():
        pass


@pytest.mark.process
def test_opening_a_store_again_keeps_the_locks_of_this_process(path: Path, url: str) -> None:
    # A file that is opened and closed loses this process's locks. Another process then takes the log away.
    with Store(url) as store:
        fill(store, 10)
        with Store(url):
            pass
        assert seen_from_outside(path) == 10
        fill(store, 5, "after")
        assert seen_from_outside(path) == 15
    assert count(url) == 15


def test_a_folder_that_may_not_be_written_is_no_place_for_a_store() -> None:
    with without_privileges(), pytest.raises(StoreError, match="can't be made: Permission denied"):
        Store("sqlite:////usr/pedigreed/pedigreed.db")


def test_a_store_in_a_read_only_folder_is_refused() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(f"sqlite:///{folder}/pedigreed.db", 10)
        (folder / "pedigreed.db").chmod(0o444)
        folder.chmod(0o555)
        with without_privileges(), pytest.raises(StoreError, match="can't be opened for writing"):
            Store(f"sqlite:///{folder}/pedigreed.db")
        folder.chmod(0o755)


def test_a_pipe_a_device_and_a_folder_are_no_stores_and_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/zero", tmp_path):
        with pytest.raises(StoreError, match="is no regular file"):
            Store(f"sqlite:///{path}")


def test_a_folder_that_is_a_file_is_no_place_for_a_store(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(StoreError, match="can't be made"):
        Store(f"sqlite:///{tmp_path}/state/pedigreed.db")


def test_a_store_that_may_not_grow_keeps_what_it_has(url: str) -> None:
    make(url, 10)
    with Store(url) as store:
        with store.writing() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count=40")
        with pytest.raises(TryAgain, match=r"the disk is full\. Nothing was lost"):
            fill(store, 2000, "later")
        with store.writing() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count=1000000")
        fill(store, 5, "after")
    assert count(url) == 15


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no disk of its own may be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.failure("the disk is full")
@pytest.mark.process
def test_a_full_disk_is_tried_again_later(small_disk: Path) -> None:
    url = f"sqlite:///{small_disk}/pedigreed.db"
    with Store(url) as store:
        fill(store, 10)
        with pytest.raises(TryAgain, match=r"the disk is full\. Nothing was lost"):
            fill(store, 20_000, "later")
        fill(store, 5, "after")
    assert count(url) == 15


@pytest.mark.failure("the disk is full")
@pytest.mark.process
def test_a_disk_without_any_room_is_no_damage(small_disk: Path) -> None:
    url = f"sqlite:///{small_disk}/pedigreed.db"
    make(url, 10)
    ballast = small_disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(b"x" * 4096):
                pass
        except OSError:
            pass
    with pytest.raises(TryAgain, match="the disk is full"):
        make(url, 20)
    ballast.unlink()
    assert count(url) == 10


@pytest.mark.process
def test_a_new_store_on_a_full_disk_is_tried_again_later(small_disk: Path) -> None:
    url = f"sqlite:///{small_disk}/pedigreed.db"
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * ((1 << 20) - 8192))
    with pytest.raises(TryAgain, match="the disk is full"):
        Store(url)
    ballast.unlink()
    assert count(url) == 0


def test_a_file_that_took_the_place_of_the_store_is_the_one_that_is_read_next(path: Path, url: str) -> None:
    """An administrator who puts back a copy would else be shown what the old file had."""
    path.parent.mkdir()
    other = path.with_name("other.db")
    with Store(f"sqlite:///{other}") as copy, copy.writing() as connection:
        assert periods.claim(connection, {"jades": "2026-11-21"}, NOON)
    with Store(url) as store:
        assert _claimed(store) is None
        store.let_go_if_replaced()
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        other.rename(path)
        store.let_go_if_replaced()
        assert _claimed(store) == "2026-11-21"


def _claimed(store: Store) -> str | None:
    with store.reading() as connection:
        last = periods.last_closed(connection, NOON).get("jades")
    return last.label if last else None
