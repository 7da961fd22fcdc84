"""Looking through real folders."""

from __future__ import annotations

import gzip
import os
import shutil
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from fits_files import fits, write_product
from nobody import without_privileges
from pedigreed.changes.copies import is_custom
from pedigreed.model.local_file import FolderLook, LocalFile
from pedigreed.model.pedigree import Pedigree
from pedigreed.sources.disk import product_files
from pedigreed.sources.disk.fits_header import BLOCK
from pedigreed.sources.disk.product_files import look_through

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


def damages(look: FolderLook) -> dict[str, str | None]:
    return {str(Path(file.path).relative_to(look.folder)): file.damage for file in look.files}


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
    for name in (f"{CAL}.xz", CAL.replace(".fits", "_thumb.jpg"), I2D.replace("i2d.fits", "cat.ecsv")):
        (tmp_path / name).write_bytes(b"no header")
    (tmp_path / "jw01345_20220702t204540_pool.csv").write_text("a|b")
    look = looked(tmp_path)
    assert (look.files, look.unread, look.others) == ((), (), 4)


def named_by_header(path: Path, **keywords: str) -> Path:
    """A product under another name, whose header has these keywords."""
    made = product(path.with_name("made.fits"))
    with fits.open(made, mode="update") as opened:
        del opened[0].header["FILENAME"]
        opened[0].header.update(keywords)
    return made.rename(path)


OF_EXPOSURE = {
    "TELESCOP": "JWST",
    "PROGRAM": "01345",
    "OBSERVTN": "001",
    "VISIT": "001",
    "VISITGRP": "02",
    "SEQ_ID": "1",
    "ACT_ID": "01",
    "EXPOSURE": "00001",
    "DETECTOR": "NRCB1",
}


@pytest.mark.parametrize(
    ("keywords", "named"),
    [
        ({"FILENAME": CAL}, CAL),
        ({"FILENAME": CAL, "TELESCOP": "JWST"}, CAL),
        ({"FILENAME": "mine.fits", **OF_EXPOSURE}, "jw01345001001_02101_00001_nrcb1.fits"),
        ({"TELESCOP": "JWST", "PROGRAM": "1345", "OBSERVTN": "1"}, "jw01345.fits"),
        ({**OF_EXPOSURE, "TELESCOP": "HST"}, None),
        ({"TELESCOP": "JWST", "FILENAME": "jwst_nircam_flat_0123.fits"}, None),
        ({"PROGRAM": "../..", "OBSERVTN": "001"}, None),
        ({"FILENAME": f"../{CAL}"}, None),
        ({}, None),
    ],
)
def test_a_file_of_another_name_is_known_by_its_header(
    tmp_path: Path, keywords: dict[str, str], named: str | None
) -> None:
    named_by_header(tmp_path / "mycopy.fits", **keywords)
    look = looked(tmp_path)
    assert [(file.filename, file.named) for file in look.files] == ([(named, named)] if named else [])
    single = looked(tmp_path / "mycopy.fits")
    assert single.files == look.files
    assert (single.problem is None) == bool(named)
    assert (looked(tmp_path, look).headers, looked(tmp_path, look).files) == (0, look.files)


def test_a_file_of_another_name_may_become_another_product(tmp_path: Path) -> None:
    path = named_by_header(tmp_path / "my\ncopy.fits", FILENAME=CAL)
    first = looked(tmp_path)
    named_by_header(path, FILENAME=RATE, NOTE="so that its time is another")
    os.utime(path, ns=(0, 1))
    assert [file.filename for file in looked(tmp_path, first).files] == [RATE]
    (tmp_path / "packed.fits.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.write_bytes(b"no FITS any more")
    assert [file.filename for file in looked(tmp_path, first).files] == [RATE]
    assert looked(tmp_path / "packed.fits.gz").files[0].is_packed


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
    assert [(str(Path(unread.path).relative_to(tmp_path)), unread.reason) for unread in look.unread] == [
        (f"d/{CAL}", "it can't be read: not a regular file"),
    ]
    assert damages(look) == {
        f"a/{RATE}": None,
        f"b/{CAL}": "it ends within its header",
        f"c/{CAL}": "it is no FITS file",
        CAL: "it is empty",
    }


def test_what_is_no_whole_product_is_damaged(tmp_path: Path) -> None:
    whole = product(tmp_path / RATE).read_bytes()
    for folder, content in {
        "cut": whole[:-100],
        "page": b"<!DOCTYPE html><html><body>Service unavailable</body></html>",
        "s3": b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>",
        "junk": whole + b"x",
    }.items():
        (tmp_path / folder).mkdir()
        (tmp_path / folder / CAL).write_bytes(content)
    look = looked(tmp_path)
    assert damages(look) == {
        RATE: None,
        f"cut/{CAL}": "it is cut off: it does not end with a block of FITS",
        f"page/{CAL}": "it is a page of the web, and no FITS file",
        f"s3/{CAL}": "it is a page of the web, and no FITS file",
        f"junk/{CAL}": "it is cut off: it does not end with a block of FITS",
    }
    assert look.files[0].pedigree.cal_ver == "1.20.2"
    # What is damaged is known by its size and time as well.
    assert looked(tmp_path, look).headers == 0


def test_what_masts_list_does_not_tell_of_a_lower_level_the_file_itself_does(tmp_path: Path) -> None:
    old = product(tmp_path / RATE).read_bytes()
    image = import_module("numpy").ones((100, 100))
    fits.append(str(tmp_path / RATE), image)
    new = (tmp_path / RATE).read_bytes()
    (tmp_path / RATE).write_bytes(old)
    for folder, content in {
        "new": new,
        "head": new[:BLOCK] + new[BLOCK : 2 * BLOCK].replace(b"END ", b"NO  "),
        "cut": new[: -3 * BLOCK],
        "spliced": old + b"\1" * BLOCK,
    }.items():
        for name in (RATE, CAL):
            (tmp_path / folder).mkdir(exist_ok=True)
            (tmp_path / folder / name).write_bytes(content)
    shutil.copy(tmp_path / "cut" / RATE, tmp_path / "mine.fits")
    found = damages(looked(tmp_path))
    assert {path: damage for path, damage in found.items() if path.endswith(CAL)} == dict.fromkeys(
        (f"cut/{CAL}", f"head/{CAL}", f"new/{CAL}", f"spliced/{CAL}")
    ), "of what MAST lists, its size tells"
    spliced = f"what follows its first {len(old):,} bytes is no part of it: it may be of two versions"
    cut = f"it is cut off: it has {len(new) - 3 * BLOCK:,} bytes, and its headers tell of {len(new):,}"
    assert {path: damage for path, damage in found.items() if not path.endswith(CAL)} == {
        RATE: None,
        f"new/{RATE}": None,
        f"head/{RATE}": "it is cut off within the header that begins after 2,880 bytes",
        f"cut/{RATE}": cut,
        f"spliced/{RATE}": spliced,
        "mine.fits": cut,
    }


def test_headers_that_once_were_read_wrongly(shared: Path, tmp_path: Path) -> None:
    for path in sorted((shared / "cases").glob("*.fits")):
        (tmp_path / path.stem).mkdir()
        for name in (CAL, RATE):
            shutil.copy(path, tmp_path / path.stem / name)
    found = {str(Path(file.path).relative_to(tmp_path)): file for file in looked(tmp_path).files}
    made = datetime(2024, 3, 1, 8, 38, 24, tzinfo=UTC)
    release, own = "1.13.3", "1.13.4.dev8+g1234abcd.d20240502"
    assert {path: file.pedigree for path, file in found.items() if path.endswith(CAL)} == {
        f"cut_off_behind_header/{CAL}": Pedigree(release, "jwst_1225.pmap", made),
        f"date_with_zone/{CAL}": Pedigree(release, "jwst_1225.pmap", made),
        f"date_without_seconds/{CAL}": Pedigree(release, "jwst_1225.pmap", made.replace(second=0)),
        f"own_newer_pipeline/{CAL}": Pedigree(own, "jwst_1225.pmap", made),
    }
    archive = Pedigree(release, "jwst_1230.pmap", made + timedelta(days=90))
    assert {file.pedigree.cal_ver for file in found.values() if is_custom(file.pedigree, archive)} == {own}


def test_a_packed_product_is_read(tmp_path: Path) -> None:
    content = product(tmp_path / CAL).read_bytes()
    (tmp_path / CAL).unlink()
    for folder, packed in {
        "whole": gzip.compress(content),
        "cut": gzip.compress(content)[:60],
        "other": b"no gzip",
        "text": gzip.compress(b"no FITS"),
    }.items():
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{CAL}.gz").write_bytes(packed)
    look = looked(tmp_path)
    assert damages(look) == {
        f"cut/{CAL}.gz": "it does not unpack",
        f"other/{CAL}.gz": "it does not unpack",
        f"text/{CAL}.gz": "it is no FITS file",
        f"whole/{CAL}.gz": None,
    }
    assert (look.files[-1].filename, look.files[-1].pedigree.cal_ver) == (CAL, "1.20.2")


@pytest.mark.parametrize("change", ["grows", "goes", "is another", "its folder goes"])
def test_a_folder_that_changes_meanwhile_is_read_as_far_as_it_is_there(tmp_path: Path, change: str) -> None:
    for number in range(20):
        product(tmp_path / "a" / f"{number:02d}" / CAL)

    happened: list[str] = []

    def happen(found: int) -> None:
        if found < 5 or happened:
            return
        happened.append(change)
        late = tmp_path / "a" / "19"
        if change == "grows":
            product(late / RATE)
        elif change == "goes":
            (late / CAL).unlink()
        elif change == "is another":
            product(late / CAL, "2.0.1")
        else:
            shutil.rmtree(late)

    look = look_through(str(tmp_path), {}, NOW, happen)
    assert len(look.files) == {"grows": 21, "is another": 20}.get(change, 19)
    assert (look.problem, look.unread) == (None, ())
    assert change != "is another" or look.files[-1].pedigree.cal_ver == "2.0.1"


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
    assert [file.damage for file in looked(tmp_path / RATE).files] == ["it is empty"]
    (tmp_path / "notes.txt").write_bytes(b"")
    assert looked(tmp_path / "notes.txt").problem == "it can't be read: not a directory"
    (tmp_path / "mosaic.fits").write_bytes(b"")
    assert looked(tmp_path / "mosaic.fits").problem == "neither its name nor its header is of a product of JWST"


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
    assert {Path(file.path).name: file.lies_at for file in look.files} == {
        I2D: str(tmp_path / "elsewhere" / CAL),
        CAL: str(tmp_path / "elsewhere" / CAL),
        RATE: None,
    }
    assert sorted(names(look)) == sorted([I2D, f"out/{CAL}", f"z/{RATE}"])
    by_link = {file.path: file.place for file in looked(here / "a").files}
    assert by_link[str(here / "a" / RATE)] == str(here / "z" / RATE)
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
