"""Programs by what MAST says that they are about: what a digest says of them, and subscriptions to targets."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

import archive_faults
from pedigreed.digests.print_text import WIDTH
from pedigreed.service.status import read_status
from pedigreed.store import programs as stored_programs
from watcher import DAY_0, Holdings, Watcher, told_in_slack

if TYPE_CHECKING:
    from pedigreed.demo.filters import Row

DAY = timedelta(days=1)
TITLE = "NIRCam-NIRSpec galaxy assembly survey - GOODS-S - part #1"
PI = "Eisenstein, Daniel J."


def of_observations(watcher: Watcher, **targets: str | None) -> dict[str, list[str]]:
    """Two products of an observation for each target. Gives their names by target."""
    names: dict[str, list[str]] = {}
    for number, (key, target) in enumerate(targets.items(), 1):
        for row in _rows(number):
            name = str(row["filename"])
            watcher.holdings.rows[name] = {**row, "targname": target, "title": TITLE, "pi_name": PI}
            names.setdefault(key, []).append(name)
    return names


def _rows(observation: int) -> list[Row]:
    held = Holdings()
    held.add(1180, 2)
    return [
        {
            **row,
            "filename": str(row["filename"]).replace("jw01180001", f"jw01180{observation:03d}"),
            "fileSetName": str(row["fileSetName"]).replace("jw01180001", f"jw01180{observation:03d}"),
            "observtn": observation,
        }
        for row in held.rows.values()
    ]


def test_a_digest_says_once_what_a_program_is_about(watcher: Watcher) -> None:
    names = of_observations(watcher, deep="GOODS-S-DEEP", medium="GOODS-S-MEDIUM")
    told = watcher.told(DAY_0)["a"]
    assert " ".join(told.split()).count(f"{TITLE} (PI {PI}), targets GOODS-S-DEEP and GOODS-S-MEDIUM") == 1
    watcher.holdings.remake([*names["deep"], *names["medium"]], at=DAY_0 + DAY / 2)
    assert " ".join(watcher.told(DAY_0 + DAY)["a"].split()).count(TITLE) == 1


def test_a_subscription_to_a_target_is_told_of_that_alone(watcher: Watcher) -> None:
    names = of_observations(watcher, deep="GOODS-S-DEEP", north="GOODS-N", nobody=None)
    config = watcher.configured({"programs": [1180], "targets": ["goods_s*"]}, {"programs": [1180]})
    first = watcher.told(DAY_0, config)
    assert "program 1180, target goods_s*" in first["a"]
    assert "4 products" in first["a"]
    assert "6 products" in first["b"]
    watcher.holdings.remake(names["north"], at=DAY_0 + DAY / 2)
    told = watcher.told(DAY_0 + DAY, config)
    assert "a" not in told
    assert "obs 2: 1 cal, 1 rate" in told["b"]
    watcher.holdings.remake([*names["deep"], *names["nobody"]], at=DAY_0 + 1.5 * DAY)
    told = watcher.told(DAY_0 + 2 * DAY, config)
    assert "obs 1, 3: 2 cal, 2 rate" in told["a"]
    assert "MAST does not say which target 2 products are of: they are watched too" in _unwrapped(told["a"])
    with watcher.store.reading() as connection:
        status = read_status(connection, config, DAY_0 + 2 * DAY)
    assert [entry.products for entry in status.subscriptions] == [4, 6]
    assert [each.proposal.pi_name for each in status.about] == [PI]


def test_a_target_that_no_program_has_is_told_as_that(watcher: Watcher) -> None:
    of_observations(watcher, deep="GOODS-S-DEEP")
    config = watcher.configured({"programs": [1180], "targets": ["GODS-S-DEEP"]})
    assert "MAST has no target 'GODS-S-DEEP' in these programs" in _unwrapped(watcher.told(DAY_0, config)["a"])


@pytest.mark.parametrize("still_configured", [True, False])
@pytest.mark.parametrize("column", ["targname", "title", "pi_name"])
def test_a_service_without_these_columns_is_read_as_before(
    watcher: Watcher, column: str, still_configured: bool
) -> None:
    of_observations(watcher, deep="GOODS-S-DEEP")
    watcher.recorded.misbehave(
        archive_faults.MissingColumn(column, is_still_configured=still_configured), times=None
    )
    cycle = watcher.cycle(DAY_0)
    assert all(answer.is_checked and not answer.fetched.warnings for answer in cycle.answers)
    (closed,) = cycle.outgoing.closed
    assert closed.rendered is not None
    assert "2 products" in closed.rendered.text


def test_what_a_row_says_of_a_program_can_do_nothing_to_a_digest(watcher: Watcher) -> None:
    nasty = "\x1b[31m\u202e<script>alert(1)</script>\r\nBcc: all@obs.example <!channel> `x` " + "y" * 900
    names = of_observations(watcher, deep="GOODS-S-DEEP")
    watcher.holdings.set(names["deep"], targname=nasty, title=nasty, pi_name=nasty)
    cycle = watcher.cycle(DAY_0, told_in_slack(watcher.config))
    (closed,) = cycle.outgoing.closed
    rendered = closed.rendered
    assert rendered is not None
    assert "<script>" not in rendered.html
    assert "<!channel>" not in json.loads(rendered.slack)["blocks"][2]["text"]["text"]
    assert not {"\x1b", "\u202e", "\r"} & set(rendered.text)
    assert max(map(len, rendered.text.splitlines())) <= WIDTH
    assert "\nBcc" not in rendered.text
    with watcher.store.reading() as connection:
        about = stored_programs.load(connection, [1180])[1180]
    assert len(about.proposal.title or "") <= 300
    assert max(map(len, about.target_names)) <= 100


def _unwrapped(text: str) -> str:
    return " ".join(text.split())
