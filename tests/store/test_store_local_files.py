"""What is remembered of files on disk, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from pedigreed.model.local_file import FolderLook, FolderState, LocalFile
from pedigreed.model.pedigree import Pedigree
from pedigreed.store import local_files

if TYPE_CHECKING:
    from pedigreed.store.database import Store

NOON = datetime(2026, 11, 21, 12, 0, 0, 123000, tzinfo=UTC)
PEDIGREE = Pedigree("1.20.2", "jwst_1464.pmap", NOON)


def file(path: str, pedigree: Pedigree = PEDIGREE) -> LocalFile:
    return LocalFile(path, pedigree, 8640, 1_763_726_400_123_456_789, NOON)


def keep(store: Store, look: FolderLook) -> None:
    with store.writing() as connection:
        local_files.keep(connection, look, local_files.load(connection, [look.folder]))


def known(store: Store, *folders: str) -> list[LocalFile]:
    with store.reading() as connection:
        found = local_files.load(connection, folders)
    assert all(path == each.path for path, each in found.items())
    return list(found.values())


def test_files_are_kept_as_they_are(store: Store) -> None:
    files = (
        file("/data/é/a.fits"),
        replace(
            file("/data/é/b.fits", Pedigree(None, None, None)),
            sdp_ver="2026_1a",
            damage="it is empty",
            lies_at="/mnt/b.fits",
        ),
    )
    keep(store, FolderLook("/data", files))
    assert known(store, "/data") == list(files)


@pytest.mark.parametrize(
    ("folder", "below"),
    [
        ("/data/jades", ["/data/jades/a.fits", "/data/jades/é/a.fits"]),
        ("/data/jades/", ["/data/jades/a.fits", "/data/jades/é/a.fits"]),
        ("/data/jades/a.fits", ["/data/jades/a.fits"]),
        ("/data/jades_", []),
        ("/data/%", []),
        (
            "/",
            [
                *("/data/JADES/a.fits", "/data/jades-2/a.fits", "/data/jades/a.fits"),
                *("/data/jades/é/a.fits", "/data/jades0/a.fits", "/z.fits"),
            ],
        ),
    ],
)
def test_what_is_below_a_folder_is_found(store: Store, folder: str, below: list[str]) -> None:
    paths = ["/data/jades/a.fits", "/data/jades/é/a.fits", "/data/jades-2/a.fits", "/data/jades0/a.fits"]
    keep(store, FolderLook("/", tuple(map(file, [*paths, "/data/JADES/a.fits", "/z.fits"]))))
    assert [each.path for each in known(store, folder)] == below


def test_what_is_gone_is_forgotten_unless_it_could_not_be_looked_for(store: Store) -> None:
    keep(store, FolderLook("/data", tuple(map(file, ["/data/a", "/data/b", "/data/c/d", "/data/cc/d"]))))
    keep(store, FolderLook("/other", (file("/other/a"),)))
    newer = replace(file("/data/b"), pedigree=Pedigree("2.0.1", None, None), seen_at=NOON + timedelta(days=1))
    keep(store, FolderLook("/data", (newer,), unread_folders=("/data/c",)))
    assert known(store, "/data", "/other") == [newer, file("/data/c/d"), file("/other/a")]


def test_folders_that_are_not_configured_any_more_are_forgotten(store: Store) -> None:
    keep(store, FolderLook("/", tuple(map(file, ["/a/x", "/b/x", "/c/x"]))))
    with store.writing() as connection:
        for folder in ("/a", "/b"):
            local_files.save_folder(connection, FolderState(folder, NOON))
        local_files.forget_all_but(connection, ["/b", "/c"])
        assert list(local_files.folder_states(connection)) == ["/b"]
    assert [each.path for each in known(store, "/")] == ["/b/x", "/c/x"]
    with store.writing() as connection:
        local_files.forget_all_but(connection, [])
        assert local_files.folder_states(connection) == {}
    assert known(store, "/") == []


def test_how_a_folder_stands_is_kept(store: Store) -> None:
    state = FolderState("/data", NOON, NOON - timedelta(days=1), 3, "it can't be read: stale file handle")
    with store.writing() as connection:
        local_files.save_folder(connection, FolderState("/data", NOON))
        local_files.save_folder(connection, state)
        assert local_files.folder_states(connection) == {"/data": state}


def test_ten_thousand_files_are_kept(store: Store) -> None:
    files = tuple(file(f"/data/{number:05d}") for number in range(10_000))
    keep(store, FolderLook("/data", files))
    assert known(store, "/data") == list(files)
    keep(store, FolderLook("/data"))
    assert known(store, "/data") == []


def test_each_machine_has_its_own_disks(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(store, FolderLook("/data", (file("/data/a"),)))
    with store.writing() as connection:
        local_files.save_folder(connection, FolderState("/data", NOON))
    monkeypatch.setattr("socket.gethostname", lambda: "other")
    if "postgresql" not in store.name:
        assert known(store, "/data") == [file("/data/a")], (
            "an SQLite store belongs to one machine, whatever its name"
        )
        return
    assert known(store, "/data") == []
    keep(store, FolderLook("/data", (file("/data/a", Pedigree("2.0.1", None, None)), file("/data/b"))))
    with store.writing() as connection:
        assert local_files.folder_states(connection) == {}
        local_files.save_folder(connection, FolderState("/data", NOON + timedelta(days=1), problem="it hangs"))
    monkeypatch.undo()
    assert known(store, "/data") == [file("/data/a")]
    with store.writing() as connection:
        assert local_files.folder_states(connection) == {"/data": FolderState("/data", NOON)}
        local_files.forget_all_but(connection, [])
    monkeypatch.setattr("socket.gethostname", lambda: "other")
    assert len(known(store, "/data")) == 2


def test_what_is_of_machines_that_are_gone_is_forgotten(store: Store) -> None:
    keep(store, FolderLook("/data", (file("/data/a"),)))
    with store.writing() as connection:
        local_files.save_folder(connection, FolderState("/data", NOON))
        local_files.forget_machines(connection, NOON)
    assert known(store, "/data") == [file("/data/a")]
    with store.writing() as connection:
        local_files.forget_machines(connection, NOON + timedelta(seconds=1))
        assert local_files.folder_states(connection) == {}
    assert known(store, "/data") == []
