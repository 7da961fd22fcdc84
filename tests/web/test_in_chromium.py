"""The pages as people see them, in a real browser."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from axe import violations
from background import in_background
from misbehaving import FaultyArchive
from pedigreed.model.context_use import ContextsInUse
from pedigreed.model.instrument import Instrument
from pedigreed.model.notice import Announcement, ChangeLevel, Facts, Medium, NoticeKind
from pedigreed.model.pause import Pause, Paused
from pedigreed.model.problem import KnownProblem, Problem, ProblemKind
from pedigreed.store import announcements, pauses, periods, problems
from pedigreed.store.database import Store
from served_pages import served_pages
from watcher import DAY_0, Holdings, Watcher

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chromium import Chromium

PICTURES = Path(__file__).parents[2] / "build" / "pages"
DAY = timedelta(days=1)
DAYS = 21
PAGES = ["status", "program", "empty", "digest", "text", "notices", "notice", "missing"]
SHORT = {"text", "missing"}
NOT_FOUND = "Failed to load resource: the server responded with a status of 404 (Not Found)"
NASTY = '<img src=x onerror="alert(1)"><script>alert(2)</script>' + "x" * 300

DELIVERY = Facts(
    kind=NoticeKind.DELIVERY,
    context="jwst_1583",
    before="jwst_1582",
    files=("jwst_miri_flat_0500.fits", "jwst_nircam_photom_0401.fits"),
    instruments=(Instrument.MIRI, Instrument.NIRCAM),
    reference_types=("flat", "photom"),
    change_level=ChangeLevel.SEVERE,
    activated_at=DAY_0,
)
SAID = [
    Announcement("CRDS", Medium.SERVER, "1583", DAY_0, "Flats", "New flats.", "https://crds.example/x", DELIVERY),
    Announcement("a list", Medium.MAIL, NASTY, DAY_0, NASTY, f"jwst_1584 is latest.\n{NASTY}"),
]
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
            if number in {11, 12}:
                continue
            if number > 14:
                holdings.remake(names[: 20 * (number - 14)], now - timedelta(hours=1), "3.0.0", 1600)
            watcher.cycle(now)
        with store.writing() as connection:
            for kind, name in ((ProblemKind.CHANNEL, "team"), (ProblemKind.DESTINATION, NASTY)):
                problems.keep(connection, KnownProblem(Problem(kind, name, NASTY, now, now), 1, now))
            pauses.begin(connection, Pause(Paused.CHANNEL, "feed", now, now + DAY, 1, NASTY))
            announcements.keep(connection, SAID, now, was_there=False)
            announcements.save_contexts(connection, ContextsInUse("jwst_1583", None, "jwst_1535", "2.0.1"))
            newest = periods.recent_digests(connection, 1)[0].digest_id
        with in_background(served_pages(store, watcher.config, now + timedelta(hours=3))) as url:
            yield {
                "status": f"{url}/",
                "program": f"{url}/programs/1180",
                "empty": f"{url}/programs/6434",
                "digest": f"{url}/digests/{newest}",
                "text": f"{url}/digests/{newest}/text",
                "notices": f"{url}/notices",
                "notice": f"{url}/notices/jwst_1583",
                "missing": f"{url}/notices/jwst_9999",
            }


@pytest.mark.parametrize("width", [360, 1200])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_is_readable_and_breaks_no_policy(
    page: Chromium, shown: dict[str, str], name: str, scheme: str, width: int
) -> None:
    page.complaints.clear()
    page.look(width, 900, scheme=scheme)
    page.open(shown[name])
    page.picture(PICTURES / f"{name}-{width}-{scheme}.png")
    assert page.complaints == [NOT_FOUND] * (name == "missing")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    contrasts = page.evaluate(CONTRASTS)
    assert len(contrasts) > (4 if name in SHORT else 8)
    assert [found for found in contrasts if found[1] < found[0]] == []
    is_dark = page.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
    assert is_dark == (scheme == "dark")
    assert violations(page) == []


def test_what_axe_finds_is_told(page: Chromium, shown: dict[str, str]) -> None:
    page.open(shown["missing"])
    page.evaluate("document.body.append(document.createElement('img'))")
    assert violations(page) == ["image-alt: <img>", "region: <img>"]


@pytest.mark.parametrize("name", ["status", "notices"])
def test_nothing_of_what_others_wrote_becomes_markup(page: Chromium, shown: dict[str, str], name: str) -> None:
    page.open(shown[name])
    assert (
        page.evaluate("document.querySelectorAll('script, img, iframe, form, input, button, [style]').length") == 0
    )
    assert page.evaluate("document.body.innerText.includes('<script>alert(2)</script>')")


@pytest.mark.parametrize("name", ["status", "digest"])
def test_a_script_that_came_in_all_the_same_would_not_run(
    page: Chromium, shown: dict[str, str], name: str
) -> None:
    page.open(shown[name])
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
    assert roles.count("table") == page.evaluate("document.querySelectorAll('table').length") > 2
    assert roles.count("columnheader") == page.evaluate("document.querySelectorAll('thead th').length") > 2
    assert {"row", "cell", "rowheader"} <= set(roles)


def test_a_table_of_numbers_scrolls_within_itself_on_a_phone(page: Chromium, shown: dict[str, str]) -> None:
    page.look(360)
    page.open(shown["program"])
    region = "document.querySelector('.scroll')"
    page.evaluate(f"{region}.firstElementChild.style.width = '900px'")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert page.evaluate(f"{region}.scrollWidth > {region}.clientWidth")
    page.evaluate(f"{region}.scrollLeft = 1000")
    assert page.evaluate(f"{region}.scrollLeft > 0")
    # The days stay in sight.
    assert page.evaluate(f"{region}.querySelector('tbody th').getBoundingClientRect().left") >= 0


def test_versions_have_one_hue_which_is_the_same_in_light_and_dark(page: Chromium, shown: dict[str, str]) -> None:
    fills = []
    for scheme in ("light", "dark"):
        page.look(1200, scheme=scheme)
        page.open(shown["program"])
        fills.append(
            page.evaluate("[...document.querySelectorAll('.wide .area')].map(each => getComputedStyle(each).fill)")
        )
    assert fills[0] == fills[1]
    assert len(set(fills[0])) == 3
    for fill in fills[0]:
        red, green, blue = map(int, re.findall(r"\d+", fill))
        assert red < green < blue


def test_days_without_a_complete_answer_are_marked(page: Chromium, shown: dict[str, str]) -> None:
    page.look(1200)
    page.open(shown["program"])
    assert page.evaluate("document.querySelectorAll('.wide .unseen').length") == 1
    assert page.evaluate("document.body.innerText.includes('No complete answer on 1 to 2 Dec 2026 (NIRCam).')")
