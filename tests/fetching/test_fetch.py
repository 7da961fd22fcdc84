"""Files from an archive on loopback that does what archives do: nothing of the user's is lost or half replaced."""

from __future__ import annotations

import hashlib
import os
import resource
import stat
import threading
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from file_archive import FITS, AnswersTogether, BreaksOff, FallsSilent, FileArchive, content, part, wanted
from pedigreed.demo.loopback import Reply
from pedigreed.fetching.fetch import AT_ONCE, Archive, Result, fetch
from pedigreed.fetching.old_files import find_old_files, old_file
from pedigreed.fetching.plan import Job, Plan, plan_fetch
from pedigreed.net.patience import Patience

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from pedigreed.fetching.fetch import Outcome
    from pedigreed.fetching.wanted_file import WantedFile

NAME = "jw01180007001_02101_00001_nrca1_cal.fits"
OTHER = "jw01180007001_02101_00002_nrca1_cal.fits"
NEW = content(NAME)
OLD = content(NAME, 0)
TOKEN = "a" * 32
PATIENCE = Patience(
    exchange_timeout=20, total_timeout=60, attempts=3, first_pause=0.01, largest_answer=1 << 16, redirects=5
)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def archive() -> Iterator[FileArchive]:
    with FileArchive({NAME: NEW, OTHER: content(OTHER)}) as served:
        yield served


@dataclass
class Watched:
    """What was told."""

    bytes: int = 0
    ended_as: list[Outcome] = field(default_factory=list)

    def received(self, count: int) -> None:
        self.bytes += count

    def ended(self, outcome: Outcome) -> None:
        self.ended_as.append(outcome)


def job(folder: Path, name: str = NAME, there: bytes = NEW) -> Job:
    place = str(folder / name)
    return Job(wanted(name, there), place, old_file(place))


def run(
    archive: FileArchive | str,
    *jobs: Job,
    token: str | None = None,
    keeps_old: bool = False,
    ask_again: Callable[[frozenset[int]], Mapping[str, WantedFile]] | None = None,
    patience: Patience = PATIENCE,
) -> list[Outcome]:
    watched = Watched()
    url = archive if isinstance(archive, str) else archive.url
    outcomes = fetch(
        jobs,
        Archive.mast(url, token),
        watched,
        keeps_old=keeps_old,
        ask_again=ask_again,
        patience=patience,
    )
    assert sorted(outcome.job.place for outcome in watched.ended_as) == sorted(each.place for each in jobs)
    whole = [each for each in outcomes if not each.is_missing and each.job.wanted.size is not None]
    if len(whole) == len(outcomes):
        assert watched.bytes == sum(each.job.wanted.size or 0 for each in whole)
    return outcomes


def results(outcomes: list[Outcome]) -> list[Result]:
    return [outcome.result for outcome in outcomes]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_file_comes_to_its_place_and_nothing_else_stays(archive: FileArchive, tmp_path: Path) -> None:
    folder = tmp_path / "a" / "jw01180"
    assert results(run(archive, job(folder))) == [Result.FETCHED]
    assert (folder / NAME).read_bytes() == NEW
    assert names(folder) == [NAME]


def test_an_old_file_is_replaced_and_what_is_whole_is_not_fetched_again(
    archive: FileArchive, tmp_path: Path
) -> None:
    (tmp_path / NAME).write_bytes(OLD)
    (tmp_path / NAME).chmod(0o640)
    assert results(run(archive, job(tmp_path), job(tmp_path, OTHER, content(OTHER)))) == [Result.FETCHED] * 2
    assert (tmp_path / NAME).read_bytes() == NEW
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o640
    archive.requests.clear()
    assert results(run(archive, job(tmp_path))) == [Result.THERE]
    assert not archive.requests


def test_of_the_same_size_the_old_one_is_told_by_its_md5(archive: FileArchive, tmp_path: Path) -> None:
    assert len(OLD) == len(NEW)
    (tmp_path / NAME).write_bytes(OLD)
    assert results(run(archive, job(tmp_path))) == [Result.FETCHED]


def test_an_old_file_can_be_kept(archive: FileArchive, tmp_path: Path) -> None:
    header = [
        "SIMPLE  =                    T",
        "CAL_VER = '1.20.2'",
        "CRDS_CTX= 'jwst_1464.pmap'",
        "DATE    = '2025-11-02T04:00:00.000'",
        "END",
    ]
    old = "".join(card.ljust(80) for card in header).ljust(2880).encode()
    (tmp_path / NAME).write_bytes(old)
    run(archive, job(tmp_path), keeps_old=True)
    assert names(tmp_path) == [NAME, f"{NAME}.1.20.2.jwst_1464.pmap"]
    assert (tmp_path / f"{NAME}.1.20.2.jwst_1464.pmap").read_bytes() == old
    (tmp_path / NAME).write_bytes(old + b"x")
    run(archive, job(tmp_path), keeps_old=True)
    assert (tmp_path / f"{NAME}.1.20.2.jwst_1464.pmap.2").read_bytes() == old + b"x"


def test_what_broke_off_goes_on_where_it_was(archive: FileArchive, tmp_path: Path) -> None:
    archive.odd = [BreaksOff(NEW, content_type=FITS, after=120_000), None]
    assert results(run(archive, job(tmp_path))) == [Result.FETCHED]
    assert archive.asked == [(NAME, ""), (NAME, "bytes=120000-")]
    assert (tmp_path / NAME).read_bytes() == NEW


def test_the_next_call_takes_up_what_came(archive: FileArchive, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(OLD)
    archive.odd = [BreaksOff(NEW, content_type=FITS, after=120_000), *[Reply(b"", 503)] * 2]
    (outcome,) = run(archive, job(tmp_path))
    assert outcome.result is Result.MISSING
    assert "HTTP 503" in outcome.reason
    assert (tmp_path / NAME).read_bytes() == OLD
    assert (tmp_path / f"{NAME}.part").stat().st_size == 120_000
    archive.requests.clear()
    assert results(run(archive, job(tmp_path))) == [Result.FETCHED]
    assert archive.asked == [(NAME, "bytes=120000-")]
    assert names(tmp_path) == [NAME]


@pytest.mark.parametrize("bond", ["0" * 32, "", None], ids=["another version", "empty", "none"])
def test_what_came_of_another_version_is_not_gone_on_with(
    archive: FileArchive, tmp_path: Path, bond: str | None
) -> None:
    (tmp_path / f"{NAME}.part").write_bytes(OLD[:120_000])
    if bond is not None:
        (tmp_path / f"{NAME}.part.md5").write_text(bond)
    assert results(run(archive, job(tmp_path))) == [Result.FETCHED]
    assert archive.asked == [(NAME, "")]
    assert (tmp_path / NAME).read_bytes() == NEW


def begun(folder: Path, first: bytes = NEW[:120_000]) -> None:
    """As an earlier call left it."""
    (folder / f"{NAME}.part").write_bytes(first)
    (folder / f"{NAME}.part.md5").write_text(f"{hashlib.md5(NEW).hexdigest()}  {NAME}.part\n")


@pytest.mark.parametrize(
    "reply",
    [
        part(NEW, 100_000),
        part(NEW, 120_000, "bytes 120000-299999/300001"),
        part(NEW, 120_000, "bytes 120000-200000/300000"),
        part(NEW, 120_000, "bytes 120000-299999/*"),
        Reply(NEW[120_000:], 206, FITS),
        Reply(b"", 416, FITS),
    ],
    ids=["another first", "another size", "a middle", "no size", "no range", "not satisfiable"],
)
def test_another_range_than_was_asked_for_begins_anew(archive: FileArchive, tmp_path: Path, reply: Reply) -> None:
    begun(tmp_path)
    archive.odd = [reply, None]
    assert results(run(archive, job(tmp_path))) == [Result.FETCHED]
    assert archive.asked == [(NAME, "bytes=120000-"), (NAME, "")]
    assert (tmp_path / NAME).read_bytes() == NEW


def test_an_archive_without_ranges_begins_anew(archive: FileArchive, tmp_path: Path) -> None:
    begun(tmp_path)
    archive.odd = [Reply(NEW, content_type=FITS)]
    assert results(run(archive, job(tmp_path))) == [Result.FETCHED]
    assert archive.asked == [(NAME, "bytes=120000-")]


def test_a_part_that_was_damaged_is_found_and_the_next_call_begins_anew(
    archive: FileArchive, tmp_path: Path
) -> None:
    (tmp_path / NAME).write_bytes(OLD)
    begun(tmp_path, OLD[:120_000])
    assert results(run(archive, job(tmp_path))) == [Result.OTHER]
    assert (tmp_path / NAME).read_bytes() == OLD
    assert names(tmp_path) == [NAME]
    assert results(run(archive, job(tmp_path))) == [Result.FETCHED]


@pytest.mark.parametrize(
    ("reply", "result", "said"),
    [
        (Reply(OLD, content_type=FITS), Result.OTHER, "its size or its MD5 differs"),
        (Reply(NEW + b"x", content_type=FITS), Result.OTHER, "300,001 bytes of application/fits"),
        (Reply(NEW[:-1], content_type=FITS), Result.OTHER, "299,999 bytes"),
        (BreaksOff(NEW + b"xx", content_type=FITS, after=300_001), Result.OTHER, "300,002 bytes"),
        (Reply(b"<html>sorry</html>", content_type="text/html; charset=x"), Result.OTHER, "18 bytes of text/html"),
        (Reply(b"x" * 70_000, content_type="text/html"), Result.OTHER, "70,000 bytes of text/html"),
        (Reply(NEW, content_type=FITS, headers=(("Content-Encoding", "gzip"),)), Result.OTHER, "300,000"),
        (Reply(b"<Error><Code>AccessDenied</Code>"), Result.DENIED, "denies access"),
        (Reply(b"Access Denied"), Result.DENIED, "denies access"),
        (Reply(b"{}", 401), Result.DENIED, "denies access"),
        (Reply(b"", 403), Result.DENIED, "denies access"),
        (Reply(b"", 404), Result.MISSING, "MAST: it has no such file"),
        (Reply(b"", 400), Result.MISSING, "MAST: answered HTTP 400"),
    ],
)
def test_what_is_not_the_file_replaces_nothing(
    archive: FileArchive, tmp_path: Path, reply: Reply, result: Result, said: str
) -> None:
    (tmp_path / NAME).write_bytes(OLD)
    archive.odd = [reply] * 3
    (outcome,) = run(archive, job(tmp_path))
    assert outcome.result is result
    assert said in outcome.reason
    assert (tmp_path / NAME).read_bytes() == OLD


def test_what_the_archive_made_anew_meanwhile_is_asked_for_again(archive: FileArchive, tmp_path: Path) -> None:
    archive.files[NAME] = larger = content(NAME, 2, 400_000)
    archive.files[OTHER] = same_size = content(OTHER, 2)
    asked: list[frozenset[int]] = []

    def ask_again(programs: frozenset[int]) -> Mapping[str, WantedFile]:
        asked.append(programs)
        return {NAME: wanted(NAME, larger), OTHER: wanted(OTHER, same_size)}

    outcomes = run(archive, job(tmp_path), job(tmp_path, OTHER, content(OTHER)), ask_again=ask_again)
    assert results(outcomes) == [Result.FETCHED] * 2
    assert asked == [frozenset({1180})]
    assert (tmp_path / NAME).read_bytes() == larger
    assert (tmp_path / OTHER).read_bytes() == same_size
    assert [name for name, _ in archive.asked].count(OTHER) == 1, "what came whole was the new version already"


def test_a_file_that_is_in_no_list_has_at_least_to_be_of_its_form(archive: FileArchive, tmp_path: Path) -> None:
    unlisted = Job(replace(wanted(NAME, NEW), size=None, checksum=None), str(tmp_path / NAME))
    archive.odd = [Reply(b"<html>maintenance</html>", content_type="text/html"), None]
    assert results(run(archive, unlisted)) == [Result.OTHER]
    assert names(tmp_path) == []
    archive.odd = [BreaksOff(NEW, content_type=FITS, after=1000), None]
    assert results(run(archive, unlisted)) == [Result.FETCHED]
    assert archive.asked[-2:] == [(NAME, "")] * 2
    assert names(tmp_path) == [NAME]


def test_the_token_goes_to_the_archive_and_never_after_a_redirect_elsewhere(
    archive: FileArchive, tmp_path: Path
) -> None:
    with FileArchive({NAME: NEW, OTHER: content(OTHER)}) as elsewhere:
        archive.odd = [
            Reply(b"", 302, headers=(("Location", f"{elsewhere.url}/{NAME}"),)),
            Reply(b"", 302, headers=(("Location", f"{archive.url}/there/{OTHER}"),)),
        ]
        assert results(run(archive, job(tmp_path), token=TOKEN)) == [Result.FETCHED]
        assert results(run(archive, job(tmp_path, OTHER, content(OTHER)), token=TOKEN)) == [Result.FETCHED]
        assert [request.headers.get("authorization") for request in elsewhere.requests] == [None]
    assert [request.headers.get("authorization") for request in archive.requests] == [f"token {TOKEN}"] * 3


def test_two_files_are_under_way_at_once(archive: FileArchive, tmp_path: Path) -> None:
    many = [f"jw01180007001_02101_{number:05}_nrca1_cal.fits" for number in range(20)]
    archive.files = dict.fromkeys(many, NEW)
    archive.odd = [AnswersTogether(NEW, content_type=FITS, barrier=threading.Barrier(AT_ONCE))] * AT_ONCE
    assert set(results(run(archive, *(job(tmp_path, name) for name in many)))) == {Result.FETCHED}
    assert archive.most_at_once == AT_ONCE


def test_the_pause_that_the_archive_asks_for_is_made_for_every_file(archive: FileArchive, tmp_path: Path) -> None:
    archive.odd = [Reply(b"", 429, headers=(("Retry-After", "1"),))]
    jobs = [job(tmp_path), job(tmp_path, OTHER, content(OTHER))]
    began = time.monotonic()
    assert set(results(run(archive, *jobs))) == {Result.FETCHED}
    assert time.monotonic() - began > 0.9


def test_a_pause_that_is_too_long_ends_it(archive: FileArchive, tmp_path: Path) -> None:
    archive.odd = [Reply(b"", 503, headers=(("Retry-After", "86400"),))]
    (outcome,) = run(archive, job(tmp_path))
    assert outcome.result is Result.MISSING
    assert "asked for a pause of 86400 s" in outcome.reason


def test_an_archive_that_falls_silent_is_asked_again_for_the_rest(archive: FileArchive, tmp_path: Path) -> None:
    archive.odd = [FallsSilent(NEW, content_type=FITS, after=120_000), None]
    assert results(run(archive, job(tmp_path), patience=replace(PATIENCE, exchange_timeout=0.3))) == [
        Result.FETCHED
    ]
    assert archive.asked == [(NAME, ""), (NAME, "bytes=120000-")]


def test_nobody_there_leaves_all_as_it_was(tmp_path: Path) -> None:
    with FileArchive({}) as gone:
        url = gone.url
    (tmp_path / NAME).write_bytes(OLD)
    (outcome,) = run(url, job(tmp_path))
    assert (outcome.result, outcome.reason) == (Result.MISSING, "MAST: connection refused")
    assert (tmp_path / NAME).read_bytes() == OLD


def test_nobody_there_is_not_asked_for_every_file(tmp_path: Path) -> None:
    with FileArchive({}) as gone:
        url = gone.url
    jobs = [job(tmp_path, NAME.replace("_00001_", f"_{number:05d}_")) for number in range(9)]
    reasons = [outcome.reason for outcome in run(url, *jobs)]
    asked = AT_ONCE + 2
    assert reasons[:asked] == ["MAST: connection refused"] * asked
    assert reasons[asked:] == ["MAST: it did not answer for others, and was not asked for this one"] * (9 - asked)


def test_an_archive_that_answers_is_asked_for_every_file(archive: FileArchive, tmp_path: Path) -> None:
    jobs = [job(tmp_path, NAME.replace("_00001_", f"_{number:05d}_")) for number in range(100, 107)]
    nowhere = [replace(each, place=str(tmp_path / f"{n}" / NAME)) for n, each in enumerate(jobs[:4])]
    for each in nowhere:
        (tmp_path / each.place).parent.mkdir()
        (tmp_path / f"{each.place}.part").symlink_to("/elsewhere")
    reasons = [outcome.reason for outcome in run(archive, *nowhere, *jobs, job(tmp_path))]
    assert reasons[4:] == ["MAST: it has no such file"] * 7 + [""]


def test_what_is_written_to_meanwhile_is_left_as_it_is(archive: FileArchive, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(OLD)
    planned = job(tmp_path)
    (tmp_path / NAME).write_bytes(b"my own work")
    arrived = job(tmp_path, OTHER, content(OTHER))
    (tmp_path / OTHER).write_bytes(b"mine as well")
    outcomes = run(archive, planned, arrived)
    assert results(outcomes) == [Result.LEFT] * 2
    assert "it is left as it is" in outcomes[0].reason
    assert (tmp_path / NAME).read_bytes() == b"my own work"
    assert (tmp_path / OTHER).read_bytes() == b"mine as well"


def test_two_processes_do_not_write_into_one_part(archive: FileArchive, tmp_path: Path) -> None:
    silent = threading.Event()
    archive.odd = [FallsSilent(NEW, content_type=FITS, after=1000, silent=silent)]
    first: list[Outcome] = []
    quick = replace(PATIENCE, exchange_timeout=2)
    thread = threading.Thread(target=lambda: first.extend(run(archive, job(tmp_path), patience=quick)))
    thread.start()
    assert silent.wait(20)
    (second,) = run(archive, job(tmp_path))
    assert (second.result, second.reason) == (Result.LEFT, "another process fetches it")
    thread.join()
    assert results(first) == [Result.FETCHED]


def test_a_disk_that_takes_no_more_is_told_and_nothing_is_lost(archive: FileArchive, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(OLD)
    planned = job(tmp_path)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, before[1]))
    try:
        (outcome,) = run(archive, planned)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert outcome.result is Result.MISSING
    assert outcome.reason == "the disk does not take it: file too large"
    assert (tmp_path / NAME).read_bytes() == OLD
    assert results(run(archive, planned)) == [Result.FETCHED]
    assert archive.asked[-1] == (NAME, "bytes=200000-")


def test_what_can_not_be_a_folder_is_told(archive: FileArchive, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (outcome,) = run(archive, job(tmp_path / "file"))
    assert (outcome.result, outcome.reason) == (Result.MISSING, "on the disk: file exists")


def test_a_link_in_the_place_of_a_part_is_not_followed(archive: FileArchive, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    (tmp_path / f"{NAME}.part").symlink_to(tmp_path / "precious")
    (outcome,) = run(archive, job(tmp_path))
    assert outcome.result is Result.MISSING
    assert (tmp_path / "precious").read_text() == "mine"


def test_old_copies_are_found_where_they_lie_and_links_out_are_left_alone(tmp_path: Path) -> None:
    data, outside = tmp_path / "data", tmp_path / "outside"
    for folder in (data / "a", data / "b", outside):
        folder.mkdir(parents=True)
    (data / "a" / NAME).write_bytes(OLD)
    (data / "b" / NAME).symlink_to(data / "a" / NAME)
    (outside / OTHER).write_bytes(OLD)
    (data / "b" / OTHER).symlink_to(outside / OTHER)
    found, left = find_old_files(str(data), {NAME, OTHER})
    assert {name: [old.path for old in files] for name, files in found.items()} == {NAME: [str(data / "a" / NAME)]}
    assert [(each.name, each.reason) for each in left] == [
        (str(data / "b" / OTHER), "it is a link out of the folder")
    ]


def test_a_plan_is_carried_out(archive: FileArchive, tmp_path: Path) -> None:
    files = [wanted(NAME, NEW), wanted(OTHER, content(OTHER))]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / NAME).write_bytes(OLD)
    found, _ = find_old_files(str(tmp_path), {file.filename for file in files})
    plan: Plan = plan_fetch(files, found, str(tmp_path), is_flat=False, includes_custom=False)
    run(archive, *plan.jobs)
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.fits")) == [
        f"jw01180/{OTHER}",
        f"mine/{NAME}",
    ]


def test_a_file_is_told_as_fetched_when_its_name_is_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"jw01180007001_02101_{number:05}_nrca1_cal.fits" for number in range(40)]
    fsync = os.fsync
    on_the_disk: set[str] = set()
    too_early: list[str] = []
    syncs = 0

    def slow_fsync(descriptor: int) -> None:
        nonlocal syncs
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        # What comes to the folder after this one began may not be in it.
        there = set(os.listdir(descriptor)) if is_folder else set()
        fsync(descriptor)
        if is_folder:
            time.sleep(0.01)
            syncs += 1
            on_the_disk.update(there)

    class Looks(Watched):
        def ended(self, outcome: Outcome) -> None:
            too_early.extend({outcome.job.wanted.filename} - on_the_disk)
            super().ended(outcome)

    monkeypatch.setattr(os, "fsync", slow_fsync)
    with FileArchive({name: content(name) for name in names}) as served:
        jobs = [job(tmp_path, name, content(name)) for name in names]
        outcomes = fetch(jobs, Archive.mast(served.url, None), Looks(), patience=PATIENCE)
    assert {outcome.result for outcome in outcomes} == {Result.FETCHED}
    assert not too_early
    assert 1 <= syncs < len(names), "those that wait share one"
