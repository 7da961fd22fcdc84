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
    assert said == "jades is muted until 2026-11-23 23:00Z; the first digest afterwards tells everything\n"
    recorded.now = DAY_2
    assert json.loads(run(config, "once", "--json").out)["periods"] == []
    assert "muted to 2026-11-23 23:00Z" in run(config, "status").out
    (subscription,) = json.loads(run(config, "status", "--json").out)["subscriptions"]
    assert subscription["muted_until"] == "2026-11-23T23:00:00.000Z"
    assert "jades         2026-11-21 07:00Z  2026-11-23 23:00Z" in run(config, "mute").out
    said = run(config, "mute", "jades", "--off").out
    assert said == "jades is no longer muted: its next digest has all that came in between\n"
    assert "66 reprocessed" in run(config, "once").out
    assert json.loads(run(config, "once", "--json").out)["periods"] == []
    assert run(config, "mute").out == "no subscription is muted\n"
    assert run(config, "mute", "jades", "--off").out == "jades was not muted\n"


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
    run(config, "mute", "jades", "--until", written)
    (mute,) = json.loads(run(config, "mute", "--json").out)["mutes"]
    assert mute == {"subscription": "jades", "since": "2026-11-22T06:00:00.000Z", "until": until}


def test_another_end_keeps_the_begin(config: Path) -> None:
    run(config, "mute", "jades", "--until", "3d")
    run(config, "mute", "jades", "--until", "9d", now="2026-11-23T06:00Z")
    (mute,) = json.loads(run(config, "mute", "--json").out)["mutes"]
    assert (mute["since"], mute["until"]) == ("2026-11-22T06:00:00.000Z", "2026-12-02T06:00:00.000Z")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ("jades", "--until", "2026-11-22"),
            "--until 2026-11-22 is 2026-11-21 23:00Z, which is past: write a date",
        ),
        (("jades", "--until", "2026-11-22T06:00Z"), "which is past"),
        (("jades", "--until", "tomorrow"), "--until 'tomorrow' is no moment: write a date such as 2026-12-01"),
        (("jades", "--until", "9999-12-31T23:00-12:00"), "is no moment"),
        (("jades", "--until", "3 days"), "'3 days' is no duration, write 3d"),
        (("jades", "--until", "3"), "a duration needs its unit: write 3s, 3m, 3h or 3d"),
        (("jades", "--until", "4000d"), "'4000d' is out of range"),
        (("jade", "--until", "3d"), "'jade' is no subscription, did you mean 'jades'?"),
        (("ceers", "--off"), "'ceers' is no subscription: write jades"),
        (("jades",), "how long? Give either --until MOMENT, or --off"),
        (("jades", "--until", "3d", "--off"), "how long?"),
        (("--until", "3d"), "which subscription?"),
        (("--off",), "which subscription?"),
        (("jades", "--off", "--json"), "--json is for the list"),
    ],
)
def test_a_wrong_call_exits_64_and_says_what_is_right(
    config: Path, arguments: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    ended = run(config, "mute", *arguments, code=64)
    assert words in ended.err
    assert "Traceback" not in ended.err
    assert not (tmp_path / "store").exists(), "nothing was kept"
