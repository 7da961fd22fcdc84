"""`pedigreed local` with real files, against the recorded archive."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from commands import Ended, pedigreed
from fits_files import write_copy, write_product
from pedigreed.demo.archive import DemoArchive
from pedigreed.demo.scenario import DAY_2, archive_at
from pedigreed.model.instant import parse_instant
from pedigreed.model.pedigree import Pedigree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

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
    return pedigreed("local", *arguments, "-c", config)


def document(ended: Ended) -> dict[str, Any]:
    assert ended.code == 0, ended.err
    found: dict[str, Any] = json.loads(ended.out)
    return found


def older(pedigree: Pedigree) -> Pedigree:
    assert pedigree.date is not None
    return Pedigree("1.0.0", "jwst_0900.pmap", pedigree.date - timedelta(days=400))


def test_the_files_that_the_archive_has_newer_are_printed(
    config: Path, archived: dict[str, Pedigree], tmp_path: Path
) -> None:
    data = tmp_path / "data"
    first, second, same, *_ = sorted(archived)
    for name in (first, second):
        write_copy(data / "old" / name, older(archived[name]))
    write_copy(data / same, archived[same])
    write_product(data / OTHER, "1.0.0", "jwst_0900.pmap", "2022-07-14T00:00:00.000")
    write_product(data / "jw01180999001_02101_00001_nrcb1_cal.fits", "1.0.0", None, "2022-07-14T00:00:00.000")
    (data / "broken").mkdir()
    (data / "broken" / OTHER).write_bytes(b"")
    ended = local(config)
    assert ended.code == 0, ended.err
    assert "2 of 3 files are older than the archive's" in ended.out
    (row,) = [line.split() for line in ended.out.splitlines() if line.startswith(f"{data}/old")]
    new = archived[first]
    assert row[:6] == [f"{data}/old", "1180", "2", "1.0.0", "->", new.cal_ver]
    assert "jwst_0900" in row
    assert "1 as new as the archive's" in ended.out
    assert "1 that MAST does not list" in ended.out
    assert "1 of programs that are not watched: 9999" in ended.out
    assert f"1 that can't be read\n  {data}/broken/{OTHER}: it is empty\n" in ended.out
    assert "local --manifest newer.json" in ended.out
    assert first not in ended.out

    listed = local(config, "--files")
    assert [line.split()[0] for line in listed.out.splitlines() if ".fits  " in line] == [
        f"{data}/old/{name}" for name in (first, second)
    ]
    found = document(local(config, "--json"))
    assert [entry["filename"] for entry in found["older"]] == [first, second]
    assert found["older"][0]["here"]["crds_ctx"] == "jwst_0900.pmap"
    assert found["older"][0]["archive"]["cal_ver"] == new.cal_ver
    assert (found["as_new"], found["unlisted"]) == (1, 1)


def test_what_is_to_be_downloaded_is_written_as_masts_events_are(
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
    assert f"fetch {file}\n" in ended.out
    assert local(config, "--manifest", tmp_path / "gone" / "newer.json").code == 64


def test_it_changes_nothing_and_works_beside_the_daemon(
    config: Path, archived: dict[str, Pedigree], tmp_path: Path
) -> None:
    path = write_copy(tmp_path / "data" / min(archived), older(archived[min(archived)]))
    before = (tmp_path / "store" / "pedigreed.db").read_bytes()
    assert document(local(config, path, "--json"))["older"][0]["path"] == str(path)
    assert (tmp_path / "store" / "pedigreed.db").read_bytes() == before


def test_a_path_that_is_not_there_is_said_after_the_others(config: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    ended = local(config, tmp_path / "data", tmp_path / "gone")
    assert ended.code == 64
    assert f"{tmp_path}/gone: it can't be read: no such file or directory" in ended.err
    assert "no file can be compared with the archive's" in ended.out


def test_without_a_store_it_says_so(config: Path, tmp_path: Path) -> None:
    write_product(tmp_path / "data" / OTHER, "1.0.0", None, None)
    ended = local(config)
    assert ended.code == 0
    assert "nothing was watched yet" in ended.err
    assert "1 of programs that are not watched: 9999" in ended.out
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
    assert f"{tmp_path}/data/obs 7" in ended.out
