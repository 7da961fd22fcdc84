"""`pedigreed fetch` as a user types it, against an archive on loopback."""

from __future__ import annotations

import gzip
import json
import os
import pty
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from commands import Ended, ended, environment, pedigreed, running
from disk import leave
from file_archive import FITS, FallsSilent, FileArchive, ListedArchive, content
from pedigreed.demo.loopback import Reply

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = "f00d" * 8
EVIL = "jw01180007001_\x1b[31m\n_cal.fits"


@pytest.fixture
def archive() -> Iterator[ListedArchive]:
    with ListedArchive(1180, 4) as served:
        yield served


@pytest.fixture
def names(archive: ListedArchive) -> list[str]:
    return sorted(archive.downloads.files)


def fetch(archive: ListedArchive, folder: Path, *arguments: str | Path, token: str = "") -> Ended:
    environ = {"MAST_API_TOKEN": token} if token else {}
    return pedigreed("fetch", *arguments, "--mast", archive.url, environ=environ, cwd=folder)


def events(*names: str) -> str:
    return json.dumps(
        [
            {
                "event_id": str(number),
                "mission": "JWST",
                "fileset": "x",
                "filename": name,
                "program": 1180,
                "event_type": "Reprocessed",
                "archived_date": "2026-11-21T10:00:00",
                "public_release_date": None,
            }
            for number, name in enumerate(names)
        ]
    )


def test_a_program_comes_to_a_folder_and_a_second_call_finds_all_there(
    archive: ListedArchive, names: list[str], tmp_path: Path
) -> None:
    came = fetch(archive, tmp_path, "1180", "--to", "data")
    assert came.code == 0, came.err
    assert f"4 files, 1.2 MB, to {tmp_path}/data\n" in came.out
    assert f"{names[0]}: fetched\n" in came.out
    assert came.out.endswith("4 fetched\n")
    for name in names:
        assert (tmp_path / "data" / "jw01180" / name).read_bytes() == content(name)
    again = fetch(archive, tmp_path, "1180", "--to", "data")
    assert again.out.endswith("4 there already\n")
    assert len(archive.downloads.requests) == 4


def test_a_type_and_an_observation_can_be_chosen(archive: ListedArchive, names: list[str], tmp_path: Path) -> None:
    none = fetch(archive, tmp_path, "1180:7", "--suffix", "x1d", "--to", "data", "--dry-run")
    assert none.out.startswith("0 files, to ")
    assert none.err == "MAST has no x1d of 1180:7\n"
    some = fetch(archive, tmp_path, "1180", "--suffix", "cal,x1d", "--to", "data", "--dry-run")
    wanted = [name for name in names if name.endswith("_cal.fits")]
    assert [name for name in names if name in some.out] == wanted
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
def test_a_list_replaces_old_copies_where_they_lie(
    archive: ListedArchive, names: list[str], tmp_path: Path, *, packed: bool
) -> None:
    listed = events(*names[:2]).encode()
    file = tmp_path / ("list.json.gz" if packed else "list.json")
    file.write_bytes(gzip.compress(listed) if packed else listed)
    old = tmp_path / "data" / "mine" / names[0]
    old.parent.mkdir(parents=True)
    old.write_bytes(b"old")
    came = fetch(archive, tmp_path, file, "--to", "data", "--keep-old")
    assert came.code == 0, came.err
    assert "1 in the place of old copies" in came.out
    assert old.read_bytes() == content(names[0])
    assert old.with_name(f"{names[0]}.old").read_bytes() == b"old"
    assert (tmp_path / "data" / "jw01180" / names[1]).read_bytes() == content(names[1])


def test_a_hostile_list_writes_nothing_outside_and_shows_no_control_characters(
    archive: ListedArchive, names: list[str], tmp_path: Path
) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "jw01180").symlink_to(tmp_path / "outside")
    (tmp_path / "list.json").write_text(events("../evil.fits", "/etc/passwd", EVIL, names[0]))
    came = fetch(archive, tmp_path, "list.json", "--to", "data")
    assert "\x1b" not in came.out + came.err
    assert f"{tmp_path}/data/jw01180/{names[0]}: a link leads it out of the folder" in came.out
    assert came.out.count("it is no name of a JWST file") == 3
    assert list((tmp_path / "outside").iterdir()) == []
    assert not archive.downloads.requests


def test_exclusive_access_is_told_once_and_the_token_nowhere(
    archive: ListedArchive, names: list[str], tmp_path: Path
) -> None:
    archive.downloads.odd = [Reply(b"{}", 401)] * 3
    came = fetch(archive, tmp_path, "1180", "--to", "data", token=TOKEN)
    assert came.code == 69
    assert came.err.count("exclusive access") == 1
    assert "pedigreed: 3 files missing. To ask for them again: " in came.err
    assert f"fetch pedigreed-missing.json --to {tmp_path}/data\n" in came.err
    assert TOKEN not in came.out + came.err
    assert {request.headers["authorization"] for request in archive.downloads.requests} == {f"token {TOKEN}"}
    missing = json.loads((tmp_path / "pedigreed-missing.json").read_text())
    assert len(missing) == 3
    again = fetch(archive, tmp_path, "pedigreed-missing.json", "--to", "data", token=TOKEN)
    assert again.code == 0, again.err
    assert sorted(path.name for path in (tmp_path / "data" / "jw01180").iterdir()) == names


def test_what_was_made_anew_since_the_list_is_fetched_as_it_is_now(
    archive: ListedArchive, names: list[str], tmp_path: Path
) -> None:
    archive.downloads.files[names[0]] = new = content(names[0], 2)
    came = fetch(archive, tmp_path, "1180", "--to", "data")
    assert came.code == 69
    assert f"{names[0]}: MAST: what came is another file than the archive lists" in came.err
    archive.list_all()
    assert fetch(archive, tmp_path, "1180", "--to", "data").code == 0
    assert (tmp_path / "data" / "jw01180" / names[0]).read_bytes() == new


def test_the_public_copy_is_taken_and_verified_all_the_same(
    archive: ListedArchive, names: list[str], tmp_path: Path
) -> None:
    copied = {name: content(name) for name in names[1:]} | {names[0]: content(names[0], 0)}
    with FileArchive(copied) as copy:
        came = pedigreed(
            *("fetch", "1180", "--to", "data", "--from", "s3", "--mast", archive.url),
            environ={"PEDIGREED_S3_URL": copy.url, "MAST_API_TOKEN": TOKEN},
            cwd=tmp_path,
        )
        assert came.code == 69
        assert f"{names[0]}: the public copy: what came is another file" in came.err
        assert copy.requests[0].target.startswith("/jwst/public/jw01180/jw01180")
        assert all("authorization" not in request.headers for request in copy.requests)
    assert sorted(path.name for path in (tmp_path / "data" / "jw01180").iterdir()) == names[1:]


def test_an_archive_that_does_not_answer_leaves_a_list_of_what_is_missing(
    names: list[str], tmp_path: Path
) -> None:
    config = tmp_path / "pedigreed.yaml"
    config.write_text(f"""
store: sqlite:///{tmp_path}/pedigreed.db
sources: {{mast: {{url: "http://127.0.0.1:9", timeout: 10s, request_timeout: 5s}}, crds: {{url: none}}}}
channels: {{keep: {{folder: {{path: {tmp_path}/mails}}}}}}
subscriptions: [{{name: jades, watch: {{programs: [1180]}}, deliver: [{{channel: keep}}]}}]
""")
    (tmp_path / "list.json").write_text(events(*names))
    came = pedigreed("fetch", "list.json", "-c", config, cwd=tmp_path)
    assert came.code == 69
    assert "MAST did not answer completely" in came.err
    assert "connection refused" in came.err
    assert len(json.loads((tmp_path / "pedigreed-missing.json").read_text())) == len(names)


def test_interrupted_by_the_keyboard_what_came_is_taken_up(
    archive: ListedArchive, names: list[str], tmp_path: Path
) -> None:
    archive.downloads.files = {names[0]: (new := content(names[0], size=3_000_000))}
    archive.list_all()
    archive.downloads.odd = [FallsSilent(new, content_type=FITS, after=2_500_000)]
    arguments = ("fetch", "1180", "--to", tmp_path / "data", "--mast", archive.url)
    part = tmp_path / "data" / "jw01180" / f"{names[0]}.part"
    with running(*arguments) as process:
        while not (part.exists() and part.stat().st_size > 2_000_000):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert ended(process).code == 130
    came = part.stat().st_size
    assert pedigreed(*arguments).code == 0
    assert archive.downloads.asked[-1] == (names[0], f"bytes={came}-")
    assert part.with_suffix("").read_bytes() == new


def test_without_room_nothing_is_begun(archive: ListedArchive, small_disk: Path, tmp_path: Path) -> None:
    leave(1_000_000, small_disk)
    came = fetch(archive, tmp_path, "1180", "--to", small_disk / "data")
    assert came.code == 75
    assert "there is no room for 4 files of 1.2 MB" in came.err
    assert not archive.downloads.requests


def test_a_disk_that_fills_up_keeps_the_old_files_and_what_came(
    archive: ListedArchive, names: list[str], small_disk: Path, tmp_path: Path
) -> None:
    for name in names:
        (small_disk / name).write_bytes(content(name, 0))
    leave(1_300_000, small_disk)

    def fill_up() -> None:
        archive.downloads.before_reply = None
        leave(50_000, small_disk)

    archive.downloads.before_reply = fill_up
    came = fetch(archive, tmp_path, "1180", "--to", small_disk)
    assert came.code == 69
    assert "the disk does not take it: no space left on device" in came.err
    for name in names:
        assert (small_disk / name).read_bytes() == content(name, 0)
    (small_disk / "ballast").unlink()
    assert fetch(archive, tmp_path, "1180", "--to", small_disk).code == 0
    for name in names:
        assert (small_disk / name).read_bytes() == content(name)


def test_a_disk_that_is_read_only_is_told(archive: ListedArchive, small_disk: Path, tmp_path: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    came = fetch(archive, tmp_path, "1180", "--to", small_disk)
    assert came.code == 69
    assert "on the disk: read-only file system" in came.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("1180",), "say where the files go: --to DIR"),
        (("nothing.json",), "can't be read: no such file or directory"),
        (("what",), "'what' is no program"),
        (("empty.json",), "lists no file of JWST"),
        (("broken.json.gz",), "can't be read: it does not unpack"),
        (("pipe.json",), "can't be read: not a regular file"),
    ],
)
def test_a_wrong_call_is_told_what_to_write(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    (tmp_path / "empty.json").write_text("[]")
    (tmp_path / "broken.json.gz").write_bytes(b"\x1f\x8b\x08nothing")
    os.mkfifo(tmp_path / "pipe.json")
    came = pedigreed("fetch", *arguments, "--mast", "http://127.0.0.1:9", cwd=tmp_path)
    assert came.code == 64
    assert said in came.err


def test_on_a_terminal_it_asks_and_shows_a_bar(archive: ListedArchive, names: list[str], tmp_path: Path) -> None:
    def typed(answer: bytes) -> str:
        main, terminal = pty.openpty()
        with subprocess.Popen(
            [sys.executable, "-m", "pedigreed", "fetch", "1180", "--to", "data", "--mast", archive.url],
            cwd=tmp_path,
            env=environment({"TERM": "xterm", "COLUMNS": "100"}),
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
        ) as process:
            os.close(terminal)
            os.write(main, answer)
            shown = b""
            with suppress(OSError):
                while piece := os.read(main, 4096):
                    shown += piece
            os.close(main)
            assert process.wait(60) == 0
        return shown.decode()

    refused = typed(b"n\n")
    assert "go on? [y/N]" in refused
    assert not archive.downloads.requests
    shown = typed(b"y\n")
    assert "4 of 4" in shown
    assert "1.2/1.2 MB" in shown
    assert sorted(path.name for path in (tmp_path / "data" / "jw01180").iterdir()) == names
