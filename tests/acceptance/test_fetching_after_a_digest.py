"""`fetch:` in a subscription, with the real program: what changed comes, whatever ends it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from commands import Ended, pedigreed, running
from file_archive import FITS, FallsSilent
from pedigreed.demo import product_files
from pedigreed.demo.archive import DemoArchive
from pedigreed.demo.product_files import content_of_row
from pedigreed.demo.scenario import DAY_1, DAY_2, DAY_3, archive_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from pedigreed.demo.loopback import Reply
    from pedigreed.demo.received import Received

TOKEN = "a" * 32


class SilentArchive(DemoArchive):
    """Gives the first bytes of the next file only, where `is_silent` is set."""

    is_silent = False

    def reply_to(self, received: Received) -> Reply:
        reply = super().reply_to(received)
        if received.path in product_files.DOWNLOADS and self.is_silent:
            return FallsSilent(reply.body, content_type=FITS, after=4000)
        return reply


@pytest.fixture
def archive() -> Iterator[SilentArchive]:
    with SilentArchive(archive_at, DAY_1) as served:
        yield served


@pytest.fixture
def config(tmp_path: Path, archive: SilentArchive) -> Path:
    file = tmp_path / "pedigreed.yaml"
    file.write_text(f"""
store: sqlite:///{tmp_path}/pedigreed.db
sources: {{mast: {{url: "{archive.url}"}}, crds: {{url: none}}}}
channels: {{keep: {{folder: {{path: {tmp_path}/mails}}}}}}
subscriptions:
  - name: jades
    watch: {{programs: [1180]}}
    fetch: {{to: "{tmp_path}/data", at_most: 1GB}}
    deliver: [{{channel: keep}}]
""")
    return file


def once(config: Path, archive: SilentArchive, now: datetime, *arguments: str) -> Ended:
    archive.now = now
    return pedigreed("once", "-c", config, "--now", now.isoformat(), *arguments)


def changed(before: datetime, after: datetime) -> dict[str, bytes]:
    """The files of the program that were made anew or added, as they are now."""
    old = {row["filename"]: row["checksum"] for row in archive_at(before)}
    return {
        str(row["filename"]): content_of_row(row)
        for row in archive_at(after)
        if row["program"] == 1180 and old.get(row["filename"]) != row["checksum"]
    }


def there(config: Path) -> dict[str, bytes]:
    data = config.parent / "data"
    return {path.name: path.read_bytes() for path in data.rglob("*") if path.is_file()}


def test_what_a_digest_tells_of_comes_and_the_next_one_says_so(config: Path, archive: SilentArchive) -> None:
    assert once(config, archive, DAY_1).code == 0
    assert there(config) == {}
    ended = once(config, archive, DAY_2, "--json")
    assert ended.code == 0, ended.err
    expected = changed(DAY_1, DAY_2)
    assert there(config) == expected
    assert {each["filename"] for each in json.loads(ended.out)["downloads"]} == expected.keys()
    assert once(config, archive, DAY_3).code in {0, 69}
    preview = "".join(path.read_text(errors="replace") for path in (config.parent / "mails").rglob("*.txt"))
    assert f"FETCHED        {len(expected)} of {len(expected)} files" in preview
    told = pedigreed("status", "-c", config)
    assert "last fetched files" in told.out


def test_a_dry_run_fetches_nothing(config: Path, archive: SilentArchive) -> None:
    once(config, archive, DAY_1)
    assert once(config, archive, DAY_2, "--dry-run").code == 0
    assert there(config) == {}


def test_what_was_killed_goes_on_with_the_next_call(config: Path, archive: SilentArchive) -> None:
    once(config, archive, DAY_1)
    archive.now, archive.is_silent = DAY_2, True
    with running("once", "-c", config, "--now", DAY_2.isoformat()) as process:
        while not any(request.path in product_files.DOWNLOADS for request in archive.requests):
            assert process.poll() is None
            time.sleep(0.05)
        process.kill()
        process.wait()
    assert all(name.endswith((".part", ".md5")) for name in there(config))
    archive.is_silent = False
    assert once(config, archive, DAY_2).code == 0
    assert there(config) == changed(DAY_1, DAY_2)
