"""Looking through real folders."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from fits_files import write_product
from nobody import without_privileges
from pedigreed.model.local_file import FolderLook, LocalFile
from pedigreed.sources.disk import product_files
from pedigreed.sources.disk.product_files import look_through

if TYPE_CHECKING:
    import pytest

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
CAL = "jw01345001001_02101_00001_nrcb1_cal.fits"
RATE = "jw01345001001_02101_00001_nrcb1_rate.fits"
I2D = "jw01345-o001_t021_nircam_clear-f444w_i2d.fits"


def product(path: Path, cal_ver: str = "1.20.2") -> Path:
    return write_product(path, cal_ver, "jwst_1464.pmap", "2025-11-06T02:00:00.000")


def looked(folder: Path, before: FolderLook | None = None, now: datetime = NOW) -> FolderLook:
    return look_through(str(folder), {file.path: file for file in before.files} if before else {}, now)


def names(look: FolderLook) -> list[str]:
    return [str(Path(file.path).relative_to(look.folder)) for file in look.files]


def test_products_are_found_with_their_pedigree(tmp_path: Path) -> None:
    path = product(tmp_path / "obs1" / "deep" / CAL)
    product(tmp_path / RATE, "1.19.1")
    look = looked(tmp_path)
    assert names(look) == [RATE, f"obs1/deep/{CAL}"]
    found = {file.filename: file for file in look.files}[CAL]
    status = path.stat()
    assert found == LocalFile(str(path), found.pedigree, status.st_size, status.st_mtime_ns, NOW)
    assert (found.pedigree.cal_ver, found.pedigree.crds_ctx) == ("1.20.2", "jwst_1464.pmap")
    assert found.pedigree.date == datetime(2025, 11, 6, 2, tzinfo=UTC)
    assert (found.folder, look.headers, look.others, look.unread, look.problem) == (
        str(path.parent),
        2,
        0,
        (),
        None,
    )


def test_a_header_of_many_blocks_is_read_to_its_end(tmp_path: Path) -> None:
    write_product(tmp_path / CAL, "1.20.2", None, "2025-11-06T02:00:00.000", keywords=2000)
    (file,) = looked(tmp_path).files
    assert file.pedigree.cal_ver == "1.20.2"


def test_other_files_are_no_products(tmp_path: Path) -> None:
    for name in ("notes.txt", "mosaic.fits", "Makefile", "jw01345.fits"):
        product(tmp_path / name)
    for name in (f"{CAL}.gz", CAL.replace(".fits", "_thumb.jpg"), I2D.replace("i2d.fits", "cat.ecsv")):
        (tmp_path / name).write_bytes(b"no header")
    (tmp_path / "jw01345_20220702t204540_pool.csv").write_text("a|b")
    look = looked(tmp_path)
    assert (look.files, look.unread, look.others) == ((), (), 4)


def test_only_what_is_new_is_read(tmp_path: Path) -> None:
    path, other = product(tmp_path / CAL), product(tmp_path / RATE)
    first = looked(tmp_path)
    later = NOW + timedelta(days=1)
    again = looked(tmp_path, first, later)
    assert (again.files, again.headers) == (first.files, 0)
    product(path, "2.0.1")
    os.utime(path, ns=(0, other.stat().st_mtime_ns + 1))
    changed = looked(tmp_path, first, later)
    assert changed.headers == 1
    assert {file.filename: (file.pedigree.cal_ver, file.seen_at) for file in changed.files} == {
        CAL: ("2.0.1", later),
        RATE: ("1.20.2", NOW),
    }


def test_what_can_not_be_read_is_named_and_stops_nothing(tmp_path: Path) -> None:
    product(tmp_path / "a" / RATE)
    (tmp_path / CAL).write_bytes(b"")
    whole = product(tmp_path / "b" / CAL).read_bytes()
    (tmp_path / "b" / CAL).write_bytes(whole[:300])
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / CAL).write_bytes(b"no FITS at all" * 300)
    (tmp_path / "d").mkdir()
    os.mkfifo(tmp_path / "d" / CAL)
    look = looked(tmp_path)
    assert names(look) == [f"a/{RATE}"]
    assert [(str(Path(unread.path).relative_to(tmp_path)), unread.reason) for unread in look.unread] == [
        (f"b/{CAL}", "it ends within its header"),
        (f"c/{CAL}", "it is no FITS file"),
        (f"d/{CAL}", "it can't be read: not a regular file"),
        (CAL, "it is empty"),
    ]


def test_what_is_forbidden_is_named() -> None:
    # The folders that pytest makes are closed to all but their owner.
    with TemporaryDirectory() as made:
        folder = Path(made)
        folder.chmod(0o755)
        product(folder / RATE)
        product(folder / CAL).chmod(0)
        (folder / "closed").mkdir(mode=0)
        with without_privileges():
            look = looked(folder)
        assert names(look) == [RATE]
        assert [unread.reason for unread in look.unread] == ["it can't be read: permission denied"] * 2
        assert look.unread_folders == (str(folder / "closed"),)


def test_a_path_that_is_too_long_is_named(tmp_path: Path) -> None:
    product(tmp_path / RATE)
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(20):
        os.mkdir("x" * 250, dir_fd=here)
        below = os.open("x" * 250, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    look = looked(tmp_path)
    assert names(look) == [RATE]
    assert [unread.reason for unread in look.unread] == ["it can't be read: file name too long"]
    assert len(look.unread_folders) == 1


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    assert looked(tmp_path / "gone") == FolderLook(
        str(tmp_path / "gone"), problem="it can't be read: no such file or directory"
    )


def test_a_single_file_may_take_the_folders_place(tmp_path: Path) -> None:
    path = product(tmp_path / CAL)
    assert [file.path for file in looked(path).files] == [str(path)]
    (tmp_path / RATE).write_bytes(b"")
    assert looked(tmp_path / RATE).problem == "it is empty"
    (tmp_path / "notes.txt").write_bytes(b"")
    assert looked(tmp_path / "notes.txt").problem == "it can't be read: not a directory"


def test_links_are_followed_and_no_folder_is_looked_through_twice(tmp_path: Path) -> None:
    product(tmp_path / "elsewhere" / CAL)
    here = tmp_path / "here"
    product(here / "z" / RATE)
    (here / "a").symlink_to(here / "z")
    (here / "loop").symlink_to(here)
    (here / "z" / "up").symlink_to("..")
    (here / "itself").symlink_to("itself")
    (here / "out").symlink_to(tmp_path / "elsewhere")
    (here / "nowhere").symlink_to(tmp_path / "gone")
    (here / I2D).symlink_to(tmp_path / "elsewhere" / CAL)
    look = looked(here)
    assert sorted(names(look)) == sorted([I2D, f"out/{CAL}", f"z/{RATE}"])
    assert [unread.reason for unread in look.unread] == ["it can't be read: too many levels of symbolic links"]


def test_a_folder_whose_name_is_no_text_is_named(tmp_path: Path) -> None:
    product(tmp_path / RATE)
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\x1b[2J"))
    folder.mkdir()
    (folder / CAL).write_bytes((tmp_path / RATE).read_bytes())
    look = looked(tmp_path)
    assert names(look) == [RATE]
    (unread,) = look.unread
    assert unread.reason == "the name of its folder is no UTF-8"
    assert unread.path.isprintable()


def test_ten_thousand_products_are_found(tmp_path: Path) -> None:
    content = product(tmp_path / "one" / CAL).read_bytes()
    for folder in range(10):
        (tmp_path / str(folder)).mkdir()
        for number in range(1000):
            name = f"jw01345{folder:03d}001_02101_{number:05d}_nrcb1_cal.fits"
            (tmp_path / str(folder) / name).write_bytes(content)
    look = looked(tmp_path)
    assert len(look.files) == 10_001
    assert looked(tmp_path, look).headers == 0


def test_a_link_to_everything_ends_at_a_bound_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(product_files, "MOST_BY_LINKS", 300)
    (tmp_path / "a").mkdir()
    product(tmp_path / "a" / CAL)
    (tmp_path / "a" / "root").symlink_to("/")
    look = look_through(str(tmp_path / "a"), {}, NOW)
    assert [file.path for file in look.files] == [str(tmp_path / "a" / CAL)]
    said = [each for each in look.unread if "links lead to more than 300 folders" in each.reason]
    assert len(said) == 1
    assert said[0].path.startswith(str(tmp_path / "a" / "root"))
    assert set(look.unread_folders) >= {said[0].path}
