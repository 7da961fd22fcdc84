"""`digest.settle` by the commands: what waits is shown, and told as one when it has come to rest."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from commands import Ended, pedigreed
from pedigreed.demo.archive import DemoArchive
from pedigreed.demo.scenario import DAY_1, DAY_2, DAY_3, archive_at
from pedigreed.model.instant import iso

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path


@pytest.fixture
def recorded() -> Iterator[DemoArchive]:
    with DemoArchive(archive_at, DAY_1) as archive:
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
    watch: {{programs: [1180], instruments: [nircam], events: [reprocessed]}}
    digest: {{at: "06:00", settle: 24h}}
    deliver: [{{channel: keep}}]
""")
    return file


def run(config: Path, *arguments: str, now: datetime) -> Ended:
    ended = pedigreed(*arguments, "-c", config, "--now", iso(now))
    assert ended.code == 0, ended
    return ended


def test_a_campaign_is_shown_while_it_goes_on_and_told_once(config: Path, recorded: DemoArchive) -> None:
    run(config, "once", now=DAY_1)
    recorded.now = DAY_2
    (period,) = json.loads(run(config, "once", "--json", now=DAY_2).out)["periods"]
    assert period["digest"] is None
    assert ", 66 products in motion" in " ".join(run(config, "status", now=DAY_2).out.split())
    (subscription,) = json.loads(run(config, "status", "--json", now=DAY_2).out)["subscriptions"]
    assert subscription["products_in_motion"] == 66
    shown = run(config, "preview", now=DAY_2)
    assert "nothing would be sent" in shown.err
    assert "IN PROGRESS" in shown.out
    document = json.loads(run(config, "preview", "--format", "webhook", now=DAY_2).out)
    (campaign,) = document["in_motion"]
    assert (document["settle"], document["changes"]) == ("1d", [])
    assert (campaign["program"], campaign["crds_ctx"], campaign["waiting"]) == (1180, "jwst_1535.pmap", 66)

    recorded.now = DAY_3
    assert json.loads(run(config, "once", "--json", now=DAY_3).out)["periods"][0]["digest"] is None
    told = []
    for number in range(1, 6):
        recorded.now = now = DAY_3 + number * (DAY_3 - DAY_2)
        periods = json.loads(run(config, "once", "--json", now=now).out)["periods"]
        told += [each["subject"] for each in periods if each["digest"]]
    assert len(told) == 1
    assert "reprocessed (2.0.1, jwst_1535)" in told[0]
    assert run(config, "status", "--json", now=now).out.count('"products_in_motion": 0') == 1
