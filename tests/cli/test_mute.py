"""`pedigreed mute`: until when a subscription is held quiet, however that is written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from commands import in_process

if TYPE_CHECKING:
    from pathlib import Path

MORNING = "2026-11-22T06:00Z"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "pedigreed.yaml"
    file.write_text(f"""
timezone: Europe/Madrid
store: sqlite:///{tmp_path}/store/pedigreed.db
channels: {{keep: {{folder: {{path: {tmp_path}/mails}}}}}}
subscriptions: [{{name: jades, watch: {{programs: [1180]}}, deliver: [{{channel: keep}}]}}]
""")
    return file


def mute(config: Path, until: str, now: str = MORNING) -> dict[str, Any]:
    """Mute, and give what is then listed of it."""
    for arguments in (["jades", "--until", until], ["--json"]):
        ended = in_process("mute", *arguments, "-c", config, "--now", now)
        assert ended.code == 0, ended
    (listed,) = json.loads(ended.out)["mutes"]
    assert isinstance(listed, dict)
    return listed


@pytest.mark.parametrize(
    ("written", "until"),
    [
        ("3d", "2026-11-25T06:00:00.000Z"),
        ("12h", "2026-11-22T18:00:00.000Z"),
        ("2026-12-01", "2026-11-30T23:00:00.000Z"),
        ("2027-07-01", "2027-06-30T22:00:00.000Z"),
        ("2026-12-01T09:00", "2026-12-01T08:00:00.000Z"),
        ("2026-12-01T09:00Z", "2026-12-01T09:00:00.000Z"),
        ("2026-12-01 09:00-05:00", "2026-12-01T14:00:00.000Z"),
    ],
)
def test_a_moment_is_a_date_a_time_or_a_duration(config: Path, written: str, until: str) -> None:
    listed = mute(config, written)
    assert listed == {"subscription": "jades", "since": "2026-11-22T06:00:00.000Z", "until": until}


def test_another_end_keeps_the_begin(config: Path) -> None:
    mute(config, "3d")
    listed = mute(config, "9d", now="2026-11-23T06:00Z")
    assert (listed["since"], listed["until"]) == ("2026-11-22T06:00:00.000Z", "2026-12-02T06:00:00.000Z")
