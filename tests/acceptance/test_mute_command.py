"""`pedigreed mute`: a subscription that is held quiet for a while."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from commands import Ended, pedigreed
from pedigreed.demo.archive import DemoArchive
from pedigreed.demo.scenario import DAY_1, DAY_2, archive_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MORNING = "2026-11-22T06:00Z"


@pytest.fixture
def recorded() -> Iterator[DemoArchive]:
    with DemoArchive(archive_at, DAY_1) as archive:
        yield archive


@pytest.fixture
def config(tmp_path: Path, recorded: DemoArchive) -> Path:
    file = tmp_path / "pedigreed.yaml"
    file.write_text(f"""
timezone: Europe/Madrid
store: sqlite:///{tmp_path}/store/pedigreed.db
sources: {{mast: {{url: "{recorded.url}"}}, crds: {{url: none}}}}
channels: {{keep: {{folder: {{path: {tmp_path}/mails}}}}}}
subscriptions:
  - name: jades
    watch: {{programs: [1180], instruments: [nircam]}}
    digest: {{at: "07:00"}}
    deliver: [{{channel: keep}}]
""")
    return file


def run(config: Path, *arguments: str, now: str = MORNING, code: int = 0) -> Ended:
    ended = pedigreed(*arguments, "-c", config, "--now", now)
    assert ended.code == code, ended
    return ended


def test_a_muted_subscription_tells_nothing_and_then_everything_once(config: Path, recorded: DemoArchive) -> None:
    run(config, "once", now="2026-11-21T06:00Z")
    said = run(config, "mute", "jades", "--until", "2026-11-24", now="2026-11-21T07:00Z").out
    assert said == "jades is muted until 2026-11-24 00:00 CET; the first digest afterwards tells everything\n"
    recorded.now = DAY_2
    assert json.loads(run(config, "once", "--json").out)["periods"] == []
    assert "muted to 2026-11-24 00:00 CET" in run(config, "status").out
    (subscription,) = json.loads(run(config, "status", "--json").out)["subscriptions"]
    assert subscription["muted_until"] == "2026-11-23T23:00:00.000Z"
    assert "jades         2026-11-21 08:00 CET  2026-11-24 00:00 CET" in run(config, "mute").out
    said = run(config, "mute", "jades", "--off").out
    assert said == "jades is no longer muted: its next digest has all that came in between\n"
    assert "66 reprocessed" in run(config, "once").out
    assert json.loads(run(config, "once", "--json").out)["periods"] == []
    assert run(config, "mute").out == "no subscription is muted\n"
    assert run(config, "mute", "jades", "--off").out == "jades was not muted\n"
