"""`pedigreed local` with real files, against the recorded archive."""

from __future__ import annotations

import gzip
import json
import os
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from commands import Ended, in_process, pedigreed
from fits_files import fits, write_copy, write_product
from pedigreed.demo import product_files
from pedigreed.demo.archive import DemoArchive
from pedigreed.demo.loopback import Reply
from pedigreed.demo.product_files import content_of_row, size_of
from pedigreed.demo.scenario import DAY_1, DAY_2, DAY_3, archive_at
from pedigreed.model.instant import parse_instant
from pedigreed.model.pedigree import Pedigree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from pedigreed.demo.received import Received

COPY_SIZE = 5760
"""Of what `write_copy` writes."""

OTHER = "jw09999001001_02101_00001_nrcb1_cal.fits"


@pytest.fixture
def recorded() -> Iterator[DemoArchive]:
    with DemoArchive(archive_at, DAY_2) as archive:
        yield archive


@pytest.fixture
def config(tmp_path: Path, recorded: DemoArchive) -> Path:
    file = tmp_path / "pedigreed.yaml"
    file.write_text(f"""
store: sqlite:///{tmp_path}/store/pedigreed.db
sources: {{mast: {{url: "{recorded.url}"}}, crds: {{url: none}}}}
channels: {{keep: {{folder: {{path: {tmp_path}/mails}}}}}}
subscriptions:
  - name: jades
    watch: {{programs: [1180]}}
    local: ["{tmp_path}/data"]
    deliver: [{{channel: keep}}]
""")
    return file


@pytest.fixture
def archived(config: Path, recorded: DemoArchive) -> dict[str, Pedigree]:
    """The archive's calibrated products, which the store knows."""
    ended = pedigreed("once", "-c", config)
    assert ended.code == 0, ended.err
    checked = pedigreed("check", "1180", "--products", "--json", "--mast", recorded.url)
    return {
        product["filename"]: Pedigree(product["cal_ver"], product["crds_ctx"], parse_instant(product["date"]))
        for product in json.loads(checked.out)["programs"][0]["products"]
        if product["crds_ctx"] and product["filename"].endswith(".fits")
    }


def local(config: Path, *arguments: str | Path) -> Ended:
    """By what the store knows."""
    return pedigreed("local", *arguments, "--cached", "-c", config)


def fresh(recorded: DemoArchive, folder: Path, command: str, *arguments: str | Path, code: int = 0) -> Ended:
    """As a new user calls it: without a configuration, a store and a home."""
    ended = pedigreed(
        command,
        *arguments,
        "--mast",
        recorded.url,
        cwd=folder,
        environ={"HOME": str(folder), "XDG_CONFIG_HOME": ""},
    )
    assert ended.code == code, ended.err
    return ended


def write_rows(folder: Path, moment: datetime, programs: tuple[int, ...], *types: str) -> list[Path]:
    """Files of the recorded archive as they were at a moment, in a folder for each program."""
    paths = []
    for row in archive_at(moment):
        name = str(row["filename"])
        if row["program"] in programs and name.endswith(tuple(f"_{each}.fits" for each in types)):
            path = folder / f"jw{row['program']:05d}" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content_of_row(row))
            paths.append(path)
    return paths


class HighestLevel(DemoArchive):
    """Lists the highest level of an exposure alone, as MAST does, and gives every file.

    Attributes:
        everything: what it has, listed or not.
    """

    def __init__(self, now: datetime) -> None:
        super().__init__(
            lambda now: [row for row in archive_at(now) if not str(row["filename"]).endswith(_LOWER)], now
        )

    def reply_to(self, received: Received) -> Reply:
        if received.path in {*product_files.DOWNLOADS, product_files.KEYWORDS}:
            return product_files.file_reply(received, archive_at(self.now), self.now)
        return super().reply_to(received)


_LOWER = ("_rate.fits", "_rateints.fits", "_uncal.fits")


def exposure_keywords(name: str) -> dict[str, str]:
    """What a header has of the exposure that a file's name begins with."""
    visit, group, exposure, detector, _ = name.removeprefix("jw").split("_")
    return {
        "PROGRAM": visit[:5],
        "OBSERVTN": visit[5:8],
        "VISIT": visit[8:],
        "VISITGRP": group[:2],
        "SEQ_ID": group[2],
        "ACT_ID": group[3:],
        "EXPOSURE": exposure,
        "DETECTOR": detector.upper(),
    }


def document(ended: Ended) -> dict[str, Any]:
    assert ended.code == 0, ended.err
    found: dict[str, Any] = json.loads(ended.out)
    return found


def older(pedigree: Pedigree) -> Pedigree:
    assert pedigree.date is not None
    return Pedigree("1.0.0", "jwst_0900.pmap", pedigree.date - timedelta(days=400))


def test_what_is_out_of_date_is_printed_by_program(
    config: Path, archived: dict[str, Pedigree], tmp_path: Path
) -> None:
    data = tmp_path / "data"
    first, second, *others = sorted(archived)
    cut = next(name for name in others if size_of(name) != COPY_SIZE)
    same = next(name for name in others if size_of(name) == COPY_SIZE)
    for name in (first, second):
        write_copy(data / "old" / name, older(archived[name]))
    for name in (same, cut):
        write_copy(data / name, archived[name])
    write_product(data / OTHER, "1.0.0", "jwst_0900.pmap", "2022-07-14T00:00:00.000")
    write_product(data / "jw01180999001_02101_00001_nrcb1_i2d.fits", "1.0.0", None, "2022-07-14T00:00:00.000")
    (data / "broken").mkdir()
    (data / "broken" / OTHER).write_bytes(b"")
    os.mkfifo(data / "broken" / first)
    ended = local(config)
    assert ended.code == 0, ended.err
    assert "2 damaged, and 2 of 5 files are older than the archive's" in ended.out
    assert f"{data}/broken/{OTHER}: it is empty" in ended.out
    assert f"{data}/{cut}: it has " in ended.out
    (row,) = [line.split() for line in ended.out.splitlines() if line.startswith("1180") and "->" in line]
    new = archived[first]
    assert row[0] == "1180"
    assert row[2:6] == ["2", "1.0.0", "->", new.cal_ver]
    assert "jwst_0900" in row
    assert "1 that MAST does not list" in ended.out
    assert "nothing is known of program 9999" in ended.out
    assert f"1 that can't be read\n  {data}/broken/{first}: it can't be read: not a regular file\n" in ended.out
    assert ended.out.endswith("fetch --local\n")
    assert first not in ended.out.replace(f"broken/{first}", "")

    named = local(config, "--files")
    assert [line.split()[:2] for line in named.out.splitlines() if ".fits  older" in line] == [
        [f"{data}/old/{name}", "older"] for name in (first, second)
    ]
    found = document(local(config, "--json"))
    assert {entry["path"]: entry["standing"] for entry in found["files"]} == {
        f"{data}/broken/{OTHER}": "damaged",
        f"{data}/jw01180999001_02101_00001_nrcb1_i2d.fits": "unlisted",
        f"{data}/{OTHER}": "unknown",
        f"{data}/{cut}": "damaged",
        **{f"{data}/old/{name}": "older" for name in (first, second)},
    }
    assert found["programs"][0] == {
        **dict.fromkeys(("newer", "withdrawn", "unknown"), 0),
        "same": 1,
        "program": 1180,
        "damaged": 1,
        "older": 2,
        "unlisted": 1,
    }
    (entry, *_) = [entry for entry in found["files"] if entry["standing"] == "older"]
    assert entry["here"]["crds_ctx"] == "jwst_0900.pmap"
    assert entry["archive"]["cal_ver"] == new.cal_ver
    assert found["renewal"]["files_of_unknown_size"] == 1
    lines = local(config, "--csv").out.splitlines()
    assert lines[0].startswith("path,program,standing,judged_by,cal_ver")
    assert len(lines) == 1 + len(found["files"])
    assert local(config, "--exit-code").code == 1
    assert local(config, "--exit-code", data / OTHER).code == 0


def test_a_new_user_sees_what_is_old_fetches_it_and_then_all_is_as_in_the_archive(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with HighestLevel(DAY_1) as archive:
        paths = write_rows(data, DAY_1, (1180, 1345), "rate", "cal")
        assert len(paths) > 50
        told = fresh(archive, tmp_path, "local", data)
        assert told.out == f"all {len(paths)} files are as in the archive\n\n" + told.out.partition("\n\n")[2]
        archive.now = DAY_3
        cut, page = paths[0], next(path for path in paths if path.parent.name == "jw01345")
        cut.write_bytes(cut.read_bytes()[:-100])
        page.write_bytes(b"<html>Service unavailable</html>")
        told = fresh(archive, tmp_path, "local", data, "--exit-code", code=1)
        assert "2 damaged, and " in told.out
        assert f"{page}: it is a page of the web, and no FITS file" in told.out
        assert "* rate: your 1.20.2, the archive's cal of the same exposure has 2.0.1" in told.out
        before = {path: path.read_bytes() for path in paths}
        assert "files, " in fresh(archive, tmp_path, "fetch", "--local", data, "--dry-run").out
        assert {path: path.read_bytes() for path in paths} == before
        came = fresh(archive, tmp_path, "fetch", "--local", data)
        assert "where the old copies lie" in came.out
        after = fresh(archive, tmp_path, "local", data, "--exit-code", "--verify")
        assert after.out.startswith(f"all {len(paths)} files are as in the archive\n")
        rows = {row["filename"]: row for row in archive_at(DAY_3)}
        assert all(path.read_bytes() == content_of_row(rows[path.name]) for path in paths)
        assert "0 files, " in fresh(archive, tmp_path, "fetch", "--local", data).out


def test_each_file_of_a_lower_level_can_be_asked_for(tmp_path: Path) -> None:
    with HighestLevel(DAY_3) as archive:
        paths = write_rows(tmp_path / "data", DAY_1, (1345,), "uncal", "rate")
        told = fresh(archive, tmp_path, "local", "data")
        assert "* rate: your 1.20.2, the archive's cal" in told.out
        assert not [each for each in archive.requests if each.path == product_files.KEYWORDS]
        exact = fresh(archive, tmp_path, "local", "data", "--exact")
        asked = [each for each in archive.requests if each.path == product_files.KEYWORDS]
        assert len(asked) == len(paths)
        assert "* " not in exact.out
        assert "of a level that MAST does not list" not in exact.out


def test_an_archive_that_has_no_keyword_records_is_told_and_not_asked_for_ever(tmp_path: Path) -> None:
    class Silent(HighestLevel):
        def reply_to(self, received: Received) -> Reply:
            if received.path == product_files.KEYWORDS:
                return Reply(b"<html>gone</html>", 200)
            return super().reply_to(received)

    with Silent(DAY_3) as archive:
        write_rows(tmp_path / "data", DAY_1, (1345,), "rate")
        told = fresh(archive, tmp_path, "local", "data", "--exact", code=69)
        assert "keyword record of single files: its keyword record is in a form that is not known" in told.err
        assert len([each for each in archive.requests if each.path == product_files.KEYWORDS]) == 3
        assert "* rate: your 1.20.2" in told.out


def test_the_lower_levels_of_a_program_are_asked_for_one_by_one(tmp_path: Path) -> None:
    with HighestLevel(DAY_3) as archive:
        came = fresh(archive, tmp_path, "fetch", "1345", "--suffix", "cal,rate,rateints", "--to", "data")
    rows = [row for row in archive_at(DAY_3) if row["program"] == 1345]
    wanted = {str(row["filename"]): content_of_row(row) for row in rows}
    wanted = {name: there for name, there in wanted.items() if name.endswith(("_cal.fits", "_rate.fits"))}
    assert {path.name: path.read_bytes() for path in (tmp_path / "data" / "jw01345").iterdir()} == wanted
    assert {name.rpartition("_")[2] for name in wanted} == {"cal.fits", "rate.fits"}
    assert came.out.endswith(f"{len(wanted)} fetched\n")


def test_a_packed_file_is_told_to_be_unpacked_first(tmp_path: Path) -> None:
    with HighestLevel(DAY_3) as archive:
        path = write_rows(tmp_path / "data", DAY_1, (1180,), "cal")[0]
        packed = path.with_name(f"{path.name}.gz")
        packed.write_bytes(gzip.compress(path.read_bytes()))
        told = fresh(archive, tmp_path, "local", packed).out
        assert "1 of 1 file is older" in told
        assert told.endswith("\n1 file packed, and so not fetched anew: unpack first\n")
        assert "To fetch 2 files" not in fresh(archive, tmp_path, "local", path, packed).out


def test_your_own_processing_is_told_and_left_alone(tmp_path: Path) -> None:
    with HighestLevel(DAY_3) as archive:
        (path, *_) = write_rows(tmp_path / "data", DAY_1, (1345,), "cal")
        own = write_product(path, "2.0.1.dev12+gabc", "jwst_1535.pmap", "2026-01-01T00:00:00").read_bytes()
        told = fresh(archive, tmp_path, "local", path)
        assert "yours is newer" in told.out
        assert "fetch" not in told.out
        came = fresh(archive, tmp_path, "fetch", "--local", path)
        assert f"{path}: yours is newer" in came.out
        assert path.read_bytes() == own
        fresh(archive, tmp_path, "fetch", "--local", path, "--include-custom", "--keep-old")
        assert path.read_bytes() != own
        assert path.with_name(f"{path.name}.2.0.1.dev12+gabc.jwst_1535.pmap").read_bytes() == own


def test_files_of_other_names_are_found_by_their_headers_and_what_was_there_is_kept(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with HighestLevel(DAY_3) as archive:
        path, other, *more = write_rows(data, DAY_1, (1345,), "cal")
        for each in more:
            each.unlink()
        mine = path.rename(data / "my\n\x1b[2Jcopy.fits")
        other.unlink()
        own = write_product(data / "own.fits", "1.20.2", "jwst_1464.pmap", "2025-11-02T04:00:00")
        with fits.open(own, mode="update") as opened:
            opened[0].header.update(exposure_keywords(other.name))
        told = fresh(archive, tmp_path, "local", data, "--files")
        assert "2 of 2 files are older" in told.out
        assert "\x1b" not in told.out
        assert f"{data}/my\\n\\x1b[2Jcopy.fits  older" in told.out
        before = mine.read_bytes()
        came = fresh(archive, tmp_path, "fetch", "--local", data)
        assert f"{own}: neither its name nor its header says which product it is" in came.out
        rows = {row["filename"]: row for row in archive_at(DAY_3)}
        assert mine.read_bytes() == content_of_row(rows[path.name])
        (kept,) = [each for each in data.iterdir() if each.name.startswith(f"{mine.name}.")]
        assert kept.read_bytes() == before
        again = fresh(archive, tmp_path, "local", mine, "--verify")
        assert again.out.startswith("the file is as in the archive\n")
        mine.write_bytes(mine.read_bytes() + bytes(2880))
        assert "it may be your own work" in fresh(archive, tmp_path, "local", mine, "--json").out


def test_verifying_finds_a_file_of_the_right_size_with_other_bytes(tmp_path: Path) -> None:
    with HighestLevel(DAY_3) as archive:
        (path, *_) = write_rows(tmp_path / "data", DAY_3, (1345,), "cal")
        content = path.read_bytes()
        path.write_bytes(content[:-2880] + b"\x01" * 2880)
        assert "the file is as in the archive" in fresh(archive, tmp_path, "local", path).out
        told = fresh(archive, tmp_path, "local", path, "--verify", "--exit-code", code=1)
        assert f"{path}: its MD5 is not that of the archive's" in told.out
        fresh(archive, tmp_path, "fetch", "--local", path, "--verify")
        assert path.read_bytes() == content


def test_a_file_counts_once_however_it_is_reached(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with HighestLevel(DAY_1) as archive:
        paths = write_rows(data, DAY_1, (1345,), "cal")
        (tmp_path / "more").mkdir()
        (tmp_path / "more" / "link").symlink_to(data)
        told = fresh(archive, tmp_path, "local", data, data / "jw01345", tmp_path / "more", paths[0])
        assert told.out.startswith(f"all {len(paths)} files are as in the archive\n")


def test_a_folder_without_products_says_what_it_looked_for(recorded: DemoArchive, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "notes.fits").write_bytes(b"")
    told = fresh(recorded, tmp_path, "local", "data")
    assert told.out.startswith(f"no JWST product in {tmp_path}/data: files count whose names are of the form ")
    assert not recorded.requests


def test_an_archive_that_does_not_answer_is_told(tmp_path: Path) -> None:
    config = tmp_path / "pedigreed.yaml"
    config.write_text(f"""
store: sqlite:///{tmp_path}/pedigreed.db
sources: {{mast: {{url: "http://127.0.0.1:9", timeout: 10s, request_timeout: 5s}}, crds: {{url: none}}}}
channels: {{keep: {{folder: {{path: {tmp_path}/mails}}}}}}
subscriptions: [{{name: jades, watch: {{programs: [1180]}}, deliver: [{{channel: keep}}]}}]
""")
    write_rows(tmp_path / "data", DAY_1, (1345,), "cal")
    told = pedigreed("local", tmp_path / "data", "-c", config)
    assert told.code == 69
    assert re.match(r"MAST did not answer: connection refused; trying again in \d s\n", told.err)
    assert "none of them can be compared" in told.out


def test_what_is_out_of_date_is_written_as_masts_events_are(
    config: Path, archived: dict[str, Pedigree], tmp_path: Path
) -> None:
    name = min(archived)
    for folder in ("a", "b"):
        write_copy(tmp_path / "data" / folder / name, older(archived[name]))
    file = tmp_path / "newer.json"
    ended = local(config, "--manifest", file)
    assert ended.code == 0, ended.err
    (event,) = json.loads(file.read_bytes())
    assert (event["mission"], event["filename"], event["program"]) == ("JWST", name, 1180)
    assert event["event_type"] == "Reprocessed"
    assert event["fileset"]
    assert local(config, "--manifest", tmp_path / "gone" / "newer.json").code == 64


def test_it_changes_nothing_and_works_beside_the_daemon(
    config: Path, archived: dict[str, Pedigree], tmp_path: Path
) -> None:
    path = write_copy(tmp_path / "data" / min(archived), older(archived[min(archived)]))
    before = (tmp_path / "store" / "pedigreed.db").read_bytes()
    assert document(local(config, path, "--json"))["files"][0]["path"] == str(path)
    assert (tmp_path / "store" / "pedigreed.db").read_bytes() == before


def test_a_path_that_is_not_there_is_said_after_the_others(config: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    ended = local(config, tmp_path / "data", tmp_path / "gone")
    assert ended.code == 64
    assert f"{tmp_path}/gone: it can't be read: no such file or directory" in ended.err
    assert f"no JWST product in {tmp_path}/data: " in ended.out


def test_without_a_store_it_says_so(config: Path, tmp_path: Path) -> None:
    write_product(tmp_path / "data" / OTHER, "1.0.0", None, None)
    ended = local(config)
    assert ended.code == 0
    assert "nothing was watched yet" in ended.err
    assert "nothing is known of program 9999" in ended.out
    assert not (tmp_path / "store").exists()


def test_without_a_folder_it_says_what_to_do(config: Path, tmp_path: Path) -> None:
    text = config.read_text().replace(f'    local: ["{tmp_path}/data"]\n', "")
    config.write_text(text)
    ended = local(config)
    assert ended.code == 64
    assert "name one, or put `local: [/data/jades]` into a subscription" in ended.err


def test_nothing_in_a_name_steers_the_terminal(
    config: Path, archived: dict[str, Pedigree], tmp_path: Path
) -> None:
    name = min(archived)
    write_copy(tmp_path / "data" / "\x1b[2Jobs\n7" / name, older(archived[name]))
    ended = local(config, "--files")
    assert ended.code == 0, ended.err
    assert "\x1b" not in ended.out
    assert f"{tmp_path}/data/\\x1b[2Jobs\\n7/{name}" in ended.out


def test_the_line_that_fetches_names_the_folder_as_it_is_written(
    config: Path, archived: dict[str, Pedigree], tmp_path: Path
) -> None:
    name = min(archived)
    folder = tmp_path / "two  spaces, and e\u0301"
    write_copy(folder / name, older(archived[name]))
    assert local(config, folder).out.endswith(f"fetch --local '{folder}'\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("local", "--cached", "data"), "--cached needs a configuration"),
        (("local", "--cached", "--exact", "data"), "choose one"),
        (("local",), "no configuration"),
        (("fetch",), "say what: a list, a program, or --local and folders"),
        (("fetch", "--local", "data", "--to", "x"), "leave --to, --flat and --suffix out"),
        (("fetch", "1180", "--exact", "--to", "x"), "are for --local"),
        (("fetch", "--local", "gone"), "it can't be read: no such file or directory"),
    ],
)
def test_a_wrong_call_is_told_what_to_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = in_process(*arguments, environ={"HOME": str(tmp_path), "XDG_CONFIG_HOME": ""})
    assert ended.code == 64
    assert said in ended.err
