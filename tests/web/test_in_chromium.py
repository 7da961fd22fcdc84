"""The pages as people see them, in a real browser."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from background import in_background
from misbehaving import FaultyArchive
from pedigreed.model.pause import Pause, Paused
from pedigreed.model.problem import KnownProblem, Problem, ProblemKind
from pedigreed.store import pauses, periods, problems
from pedigreed.store.database import Store
from showing import showing
from watching import DAY_0, Holdings, Watcher

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chromium import Chromium

PICTURES = Path(__file__).parents[2] / "build" / "pages"
DAY = timedelta(days=1)
DAYS = 21
NASTY = '<img src=x onerror="alert(1)"><script>alert(2)</script>' + "x" * 300

CONTRASTS = Path(__file__).parents[1].joinpath("support", "contrasts.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Pages of a store in which much has happened, and something is wrong: what they are -> their address."""
    folder = tmp_path_factory.mktemp("shown")
    holdings = Holdings()
    with FaultyArchive(holdings.at, DAY_0) as recorded, Store(f"sqlite:///{folder}/pedigreed.db") as store:
        watcher = Watcher(store, recorded, holdings, folder / "told")
        watcher.config = watcher.configured({"programs": [1180, 1181]}, {"programs": [1210, 6434]})
        names = holdings.add(1180, 260)
        holdings.add(1181, 40, cal_ver="1.18.0")
        holdings.add(1210, 12)
        for number in range(DAYS):
            now = DAY_0 + number * DAY
            if number in {3, 4, 6, 9}:
                holdings.remake(names[: 25 * number], now - timedelta(hours=2))
            if number > 14:
                holdings.remake(names[: 20 * (number - 14)], now - timedelta(hours=1), "3.0.0", 1600)
            watcher.cycle(now)
        with store.writing() as connection:
            for kind, name in ((ProblemKind.CHANNEL, "team"), (ProblemKind.DESTINATION, NASTY)):
                problems.keep(connection, KnownProblem(Problem(kind, name, NASTY, now, now), 1, now))
            pauses.begin(connection, Pause(Paused.CHANNEL, "feed", now, now + DAY, 1, NASTY))
            newest = periods.recent_digests(connection, 1)[0].digest_id
        with in_background(showing(store, watcher.config, now + timedelta(hours=3))) as url:
            yield {
                "status": f"{url}/",
                "program": f"{url}/programs/1180",
                "empty": f"{url}/programs/6434",
                "digest": f"{url}/digests/{newest}",
            }


@pytest.mark.parametrize("width", [360, 1200])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["status", "program", "empty", "digest"])
def test_a_page_fits_is_readable_and_breaks_no_policy(
    page: Chromium, shown: dict[str, str], name: str, scheme: str, width: int
) -> None:
    page.complaints.clear()
    page.look(width, 900, scheme=scheme)
    page.open(shown[name])
    page.picture(PICTURES / f"{name}-{width}-{scheme}.png")
    assert page.complaints == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    contrasts = page.evaluate(CONTRASTS)
    assert len(contrasts) > 8
    assert [found for found in contrasts if found[1] < found[0]] == []
    is_dark = page.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
    assert is_dark == (scheme == "dark")


def test_nothing_of_what_others_wrote_becomes_markup(page: Chromium, shown: dict[str, str]) -> None:
    page.open(shown["status"])
    assert (
        page.evaluate("document.querySelectorAll('script, img, iframe, form, input, button, [style]').length") == 0
    )
    assert page.evaluate("document.body.innerText.includes('<script>alert(2)</script>')")


def test_a_script_that_came_in_all_the_same_would_not_run(page: Chromium, shown: dict[str, str]) -> None:
    page.open(shown["status"])
    page.complaints.clear()
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.ran = 1'}))"
    )
    assert page.evaluate("window.ran") is None
    assert any("Content Security Policy" in complaint for complaint in page.complaints)


def test_the_plot_is_drawn_for_the_width_and_says_what_it_shows(page: Chromium, shown: dict[str, str]) -> None:
    for width, drawn in ((360, "narrow"), (1200, "wide")):
        page.look(width)
        page.open(shown["program"])
        seen = "[...document.querySelectorAll('.plot svg')].filter(svg => svg.getClientRects().length)"
        assert page.evaluate(f"{seen}.map(svg => svg.getAttribute('class'))") == [drawn]
        tree = page.order("Accessibility.getFullAXTree")["nodes"]
        images = [node for node in tree if node.get("role", {}).get("value") in {"img", "image"}]
        assert [node["name"]["value"] for node in images] == ["Products of program 1180 by CAL_VER over time"]
        assert "20 Nov 2026: 260 of 1.20.2. 10 Dec 2026: 120 of 3.0.0, " in images[0]["description"]["value"]


def test_a_table_stays_one_where_it_is_shown_as_cards(page: Chromium, shown: dict[str, str]) -> None:
    page.look(360)
    page.open(shown["status"])
    roles = [node.get("role", {}).get("value") for node in page.order("Accessibility.getFullAXTree")["nodes"]]
    assert roles.count("table") == 3
    assert roles.count("columnheader") == 14
    assert {"row", "cell", "rowheader"} <= set(roles)
