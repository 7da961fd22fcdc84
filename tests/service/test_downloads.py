"""Files that are fetched after a digest told of them: what comes, what does not, and what the next one says."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from file_archive import FITS, FallsSilent, FileArchive, content
from pedigreed.config.settings import FetchRules
from pedigreed.demo.loopback import Reply
from pedigreed.fetching.fetch import Archive
from pedigreed.fetching.old_files import bytes_in
from pedigreed.fetching.subscribed import TRIES, fetch_for_subscriptions
from pedigreed.model.download import DownloadState
from pedigreed.model.work import Work
from pedigreed.net.patience import Patience
from pedigreed.service.agenda import FETCH_PAUSE, agenda
from pedigreed.store import downloads as stored_downloads
from pedigreed.store.tables import downloads
from watcher import DAY_0, Watcher

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from pedigreed.config.settings import Config
    from pedigreed.model.download import Download

DAY = timedelta(days=1)
MB = 1_000_000
PATIENCE = Patience(exchange_timeout=5, total_timeout=20, attempts=2, first_pause=0.01, largest_answer=1 << 16)


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileArchive]:
    monkeypatch.setenv("NO_PROXY", "*")
    with FileArchive({}) as served:
        yield served


@pytest.fixture
def folder() -> Iterator[Path]:
    """Its path is short enough to stand in a digest."""
    with TemporaryDirectory(prefix="jades-") as made:
        yield Path(made)


def day(number: float) -> datetime:
    return DAY_0 + number * DAY


def fetching(watcher: Watcher, to: Path, at_most: str = "1GB") -> Config:
    (subscription,) = watcher.config.subscriptions
    rules = FetchRules.model_validate({"to": str(to), "at_most": at_most})
    return watcher.config.model_copy(update={"subscriptions": (subscription.model_copy(update={"fetch": rules}),)})


def remade(watcher: Watcher, archive: FileArchive, names: list[str], at: datetime, size: int = 300_000) -> None:
    """The archive makes files anew, which it gives."""
    watcher.holdings.remake(names, at=at)
    for name in names:
        archive.files[name] = new = content(name, size=size)
        watcher.holdings.set([name], fileSize=len(new), checksum=hashlib.md5(new).hexdigest())


def fetch(watcher: Watcher, archive: FileArchive, config: Config, now: datetime) -> list[Download]:
    return fetch_for_subscriptions(config, watcher.store, Archive.mast(archive.url, None), now, PATIENCE)


def is_due(watcher: Watcher, config: Config, now: datetime) -> bool:
    with watcher.store.reading() as connection:
        return Work.FETCH in agenda(connection, config, 0.5, now).due


def words(text: str) -> str:
    return " ".join(text.split())


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_changed_is_fetched_and_the_next_digest_tells_it_once(
    watcher: Watcher, archive: FileArchive, tmp_path: Path
) -> None:
    names = watcher.holdings.add(1180, 5)
    data = tmp_path / "data"
    old = data / "mine" / names[0]
    old.parent.mkdir(parents=True)
    old.write_bytes(b"old")
    config = fetching(watcher, data)
    watcher.told(day(0), config)
    assert fetch(watcher, archive, config, day(0)) == [], "a baseline is no change"
    assert not is_due(watcher, config, day(0))
    remade(watcher, archive, names[:3], day(0.5))
    assert "FETCHED" not in watcher.told(day(1), config)["a"]
    assert is_due(watcher, config, day(1))
    assert [each.state for each in fetch(watcher, archive, config, day(1))] == [DownloadState.FETCHED] * 3
    assert files_in(data) == {
        f"mine/{names[0]}": archive.files[names[0]],
        **{f"jw01180/{name}": archive.files[name] for name in names[1:3]},
    }
    assert not is_due(watcher, config, day(1.5))
    cycle = watcher.cycle(day(2), config)
    (closed,) = cycle.outgoing.closed
    assert closed.rendered is not None
    assert closed.rendered.subject == "[pedigreed] a: 3 fetched"
    assert "FETCHED 3 of 3 files that were told before are in " in words(closed.rendered.text)
    assert "900.0 kB" in words(closed.rendered.text)
    assert watcher.told(day(3), config) == {}, "it was told"


def test_without_the_setting_nothing_is_fetched_or_kept(watcher: Watcher, archive: FileArchive) -> None:
    names = watcher.holdings.add(1180, 2)
    watcher.told(day(0))
    remade(watcher, archive, names, day(0.5))
    watcher.told(day(1))
    with watcher.store.reading() as connection:
        assert stored_downloads.untold(connection, "a") == []
    assert fetch(watcher, archive, watcher.config, day(1)) == []


def test_what_did_not_come_is_told_with_its_reason(watcher: Watcher, archive: FileArchive, tmp_path: Path) -> None:
    names = watcher.holdings.add(1180, 4)
    config = fetching(watcher, tmp_path / "data")
    watcher.told(day(0), config)
    remade(watcher, archive, names, day(0.5))
    watcher.told(day(1), config)
    del archive.files[names[1]]
    (tmp_path / "data" / "jw01180").mkdir(parents=True)
    (tmp_path / "data" / "jw01180" / names[3]).symlink_to("/nowhere/at/all")
    archive.files[names[0]] = b"Access Denied"
    fetch(watcher, archive, config, day(1))
    text = words(watcher.told(day(2), config)["a"])
    assert "FETCHED 1 of 4 files" in text
    assert f"1 did not come: MAST: the archive denies access: {names[0]}" in text
    assert f"1 did not come: it is a link out of the folder: {names[3]}" in text
    assert f"1 still to come: MAST: it has no such file: {names[1]}" in text
    for number in range(1, TRIES):
        later = day(2) + number * FETCH_PAUSE
        assert is_due(watcher, config, later)
        fetch(watcher, archive, config, later)
        assert not is_due(watcher, config, later + FETCH_PAUSE / 2)
    assert not is_due(watcher, config, day(3))
    text = words(watcher.told(day(3), config)["a"])
    assert "FETCHED none of 1 file" in text
    assert f"1 did not come: MAST: it has no such file: {names[1]}" in text


def test_the_folder_is_never_larger_than_it_may_be(watcher: Watcher, archive: FileArchive, folder: Path) -> None:
    names = watcher.holdings.add(1180, 12)
    data = folder / "data"
    data.mkdir()
    (data / "notes.txt").write_bytes(b"x" * 100_000)
    for name in names[:2]:
        (data / name).write_bytes(content(name, 0, 250_000))
    # What came of one that there is no room for, in an earlier call.
    (data / "jw01180").mkdir()
    (data / "jw01180" / f"{names[11]}.part").write_bytes(b"x" * 200_000)
    config = fetching(watcher, data, "2MB")
    watcher.told(day(0), config)
    remade(watcher, archive, names, day(0.5))
    watcher.told(day(1), config)
    most: list[int] = []
    archive.before_reply = lambda: most.append(bytes_in(str(data)))
    done = fetch(watcher, archive, config, day(1))
    most.append(bytes_in(str(data)))
    assert max(most) <= 2 * MB
    came = [each for each in done if each.state is DownloadState.FETCHED]
    assert len(came) == 4
    assert f"8 did not come: {data} would be larger than 2MB" in words(watcher.told(day(2), config)["a"])
    assert not list(data.rglob("*.part*"))


def test_what_was_begun_is_taken_up_and_does_not_count_twice(
    watcher: Watcher, archive: FileArchive, tmp_path: Path
) -> None:
    (name,) = watcher.holdings.add(1180, 1)
    config = fetching(watcher, tmp_path / "data", "1MB")
    watcher.told(day(0), config)
    remade(watcher, archive, [name], day(0.5), size=900_000)
    watcher.told(day(1), config)
    archive.odd = [FallsSilent(archive.files[name], content_type=FITS, after=800_000), *[Reply(b"", 503)] * 9]
    (first,) = fetch(watcher, archive, config, day(1))
    assert first.state is DownloadState.WAITING
    archive.odd = []
    (second,) = fetch(watcher, archive, config, day(1) + FETCH_PAUSE)
    assert (second.state, second.tries) == (DownloadState.FETCHED, 2)
    assert archive.asked[-1] == (name, "bytes=800000-")


def test_what_is_made_anew_while_it_waits_is_wanted_once(
    watcher: Watcher, archive: FileArchive, tmp_path: Path
) -> None:
    (name,) = watcher.holdings.add(1180, 1)
    config = fetching(watcher, tmp_path / "data")
    watcher.told(day(0), config)
    remade(watcher, archive, [name], day(0.5))
    watcher.told(day(1), config)
    watcher.holdings.remake([name], at=day(1.5), cal_ver="2.0.2")
    watcher.told(day(2), config)
    (download,) = fetch(watcher, archive, config, day(2))
    assert download.wanted_at == day(2)


def test_what_no_digest_has_told_yet_is_not_forgotten(watcher: Watcher) -> None:
    names = ["jw01180007001_02101_00001_nrca1_cal.fits", "jw01180007001_02101_00001_nrca2_cal.fits"]
    with watcher.store.writing() as connection:
        stored_downloads.want(connection, "a", [(name, 1180) for name in names], day(0))
        for each in stored_downloads.waiting(connection, "a"):
            stored_downloads.settle(connection, "a", replace(each, state=DownloadState.MISSING), day(1))
        told = [each for each in stored_downloads.untold(connection, "a") if each.filename == names[0]]
        stored_downloads.mark_told(connection, "a", "2026-11-22", told)
        stored_downloads.want(connection, "a", [], day(200))
        assert [each.filename for each in stored_downloads.untold(connection, "a")] == names[1:]
        assert connection.execute(select(func.count()).select_from(downloads)).scalar_one() == 1
