"""A store on a network file system: it is recognised, said, and locks that fail there are named as that."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest

from pedigreed.model.failure import StoreError, TryAgain
from pedigreed.store import network_disk
from pedigreed.store.database import Store
from pedigreed.store.network_disk import NETWORKS, file_system_number, network_file_system
from pedigreed.store.sqlite_file import SqliteFile


@pytest.fixture
def nfs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is taken for one on NFS."""
    number = file_system_number(tmp_path)
    assert number is not None
    monkeypatch.setitem(network_disk.NETWORKS, number, "NFS")
    return tmp_path


@pytest.mark.process
@pytest.mark.parametrize("path", ["/proc", "/", "/dev/shm"])
def test_the_number_of_a_file_system_is_what_the_system_says(path: str) -> None:
    if not shutil.which("stat") or not Path(path).is_dir():
        pytest.skip(f"there is no stat, or no {path}")
    said = subprocess.run(["stat", "-f", "-c", "%t", path], capture_output=True, text=True, check=True).stdout
    assert file_system_number(Path(path)) == int(said, 16)


def test_a_local_disk_is_no_network_and_a_file_that_is_not_made_yet_is_where_its_folder_is(nfs: Path) -> None:
    assert network_file_system(Path("/proc/self/no/such/file")) is None
    assert network_file_system(nfs / "not" / "made" / "yet.db") == "NFS"
    assert "FUSE" not in NETWORKS.values(), "it may be anything"


@pytest.mark.failure("the store's file is on a network file system")
def test_a_store_says_that_it_is_on_a_network_file_system(nfs: Path) -> None:
    with Store(f"sqlite:///{nfs}/pedigreed.db") as store:
        assert store.caution() == (
            f"{nfs}/pedigreed.db is on NFS, where SQLite's locks fail or do not hold: "
            "put it on a disk of this machine, or use PostgreSQL"
        )


def test_a_store_on_a_local_disk_says_nothing(store: Store) -> None:
    assert store.caution() is None


@pytest.mark.failure("the store's file is on a network file system")
@pytest.mark.parametrize(
    "code", [sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_IOERR_LOCK, sqlite3.SQLITE_IOERR_SHMMAP, sqlite3.SQLITE_BUSY]
)
def test_a_lock_that_fails_on_a_network_file_system_is_named_as_that(nfs: Path, code: int) -> None:
    (nfs / "pedigreed.db").touch()
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = code
    failure = SqliteFile(nfs / "pedigreed.db", 30.0).failure(error)
    assert isinstance(failure, TryAgain)
    assert "is on NFS, where SQLite's locks fail or do not hold" in str(failure)


@pytest.mark.parametrize("code", [sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_IOERR_LOCK])
def test_a_lock_that_fails_elsewhere_is_named_too(tmp_path: Path, code: int) -> None:
    (tmp_path / "pedigreed.db").touch()
    error = sqlite3.OperationalError("locking protocol")
    error.sqlite_errorcode = code
    failure = SqliteFile(tmp_path / "pedigreed.db", 30.0).failure(error)
    assert isinstance(failure, StoreError)
    assert "can't be locked where it is: locking protocol" in str(failure)


@pytest.mark.failure("the store's file is on a network file system")
def test_the_lock_of_the_only_process_fails_in_the_same_words(nfs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    with Store(f"sqlite:///{nfs}/pedigreed.db") as store:
        monkeypatch.setattr(fcntl, "flock", no_locks)
        with (
            pytest.raises(TryAgain, match=r"can't be locked: No locks available\. .* is on NFS"),
            store.at_work(),
        ):
            pass
