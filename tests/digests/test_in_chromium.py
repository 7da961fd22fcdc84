"""The pages of the golden digests as people see them, in a real browser. The pictures stay in build/digests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from axe import violations
from pedigreed.web.sent_digest import with_header

if TYPE_CHECKING:
    from chromium import Chromium

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PICTURES = ROOT / "build" / "digests"
PAGES = sorted(HERE.joinpath("golden").glob("*.html"))
README_PAGE = HERE / "golden" / "third_day_of_a_campaign.html"
SUPPORT = HERE.parent / "support"
CONTRASTS = SUPPORT.joinpath("contrasts.js").read_text(encoding="utf-8")
CLIPPED = SUPPORT.joinpath("clipped.js").read_text(encoding="utf-8")
GROUND = "getComputedStyle(document.body).backgroundColor"
WORDS = "document.body.innerText.split(/\\s+/).filter(Boolean)"
WITHOUT_STYLES = """
document.querySelectorAll("style").forEach(element => element.remove());
document.querySelectorAll("[style], [class]").forEach(element => {
  element.removeAttribute("style");
  element.removeAttribute("class");
});
"""


def shown(page: Chromium, file: Path, width: int = 360, scheme: str = "light") -> None:
    page.complaints.clear()
    page.look(width, 800, scheme=scheme)
    page.open(file.as_uri())


@pytest.mark.parametrize("width", [360, 1200])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.stem)
def test_a_page_fits_is_readable_and_asks_nobody(page: Chromium, file: Path, scheme: str, width: int) -> None:
    shown(page, file, width, scheme)
    page.picture(PICTURES / f"{file.stem}-{width}-{scheme}.png")
    assert page.complaints == []
    assert page.requests == [file.as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate(CLIPPED) == []
    contrasts = page.evaluate(CONTRASTS)
    assert len(contrasts) > 5
    assert [found for found in contrasts if found[1] < found[0]] == []
    assert page.evaluate(GROUND) == {"light": "rgb(255, 255, 255)", "dark": "rgb(21, 24, 28)"}[scheme]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.stem)
def test_axe_finds_nothing_in_a_page_as_the_daemon_serves_it(
    page: Chromium, tmp_path: Path, file: Path, scheme: str
) -> None:
    served = tmp_path / "served.html"
    served.write_text(
        with_header(file.read_text(encoding="utf-8"), "<header>pedigreed</header>"), encoding="utf-8"
    )
    shown(page, served, scheme=scheme)
    assert violations(page) == []


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.stem)
def test_a_page_says_the_same_without_styles(page: Chromium, file: Path) -> None:
    """Some readers take the styles away. Nothing may be shown or hidden by them alone."""
    shown(page, file)
    before = page.evaluate(WORDS)
    page.evaluate(WITHOUT_STYLES)
    page.picture(PICTURES / f"{file.stem}-without-styles.png")
    assert page.evaluate(WORDS) == before


def assert_small_picture(file: Path) -> None:
    content = file.read_bytes()
    assert content.startswith(b"\x89PNG")
    assert int.from_bytes(content[16:20], "big") == 700
    assert len(content) < 150_000


def test_a_picture_for_the_readme_is_made(page: Chromium) -> None:
    shown(page, README_PAGE, 700)
    page.picture(PICTURES / "readme.png")
    assert_small_picture(PICTURES / "readme.png")


def test_the_readme_shows_such_a_picture() -> None:
    """`make picture` puts it there. It is not held to the dot, since its letters are those of a machine."""
    assert_small_picture(ROOT / "docs" / "digest.png")
    assert "](docs/digest.png)" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_a_screen_reader_has_headings_and_tables_with_headers(page: Chromium) -> None:
    shown(page, HERE / "golden" / "everything_at_once.html")
    tree = page.order("Accessibility.getFullAXTree")["nodes"]
    nodes = [
        (node["role"]["value"], node.get("name", {}).get("value"))
        for node in tree
        if "role" in node and not node["ignored"]
    ]
    assert [name for role, name in nodes if role == "heading"][1:5] == [
        "FIRST DATA", "REGRESSED", "REPROCESSED", "NEW",
    ]  # fmt: skip
    headers = [name for role, name in nodes if role == "columnheader"]
    assert headers == ["Keyword", "Old", "New"] * 3
    rows = [name for role, name in nodes if role == "rowheader"]
    assert rows[:5] == ["4567", "1180", "CAL_VER", "CRDS_CTX", "DATE"]
    assert ("image", "") not in nodes


def test_nothing_of_what_others_wrote_becomes_markup(page: Chromium) -> None:
    shown(page, HERE / "golden" / "nasty_names.html")
    assert page.evaluate("document.querySelectorAll('script, img, iframe, form, object').length") == 0
    assert page.evaluate("document.body.innerText.includes('<script>alert(1)</script>')")


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("<p style='position:absolute;left:300px;width:200px'>a long line of words that leaves</p>", "outside"),
        ("<div style='width:40px;height:20px;overflow:hidden;white-space:nowrap'>much too long</div>", "cut"),
        ("<p>one</p><p style='position:relative;top:-34px'>other</p>", "under"),
    ],
)
def test_text_that_is_clipped_is_seen(page: Chromium, tmp_path: Path, body: str, fault: str) -> None:
    file = tmp_path / "broken.html"
    file.write_text(f"<!DOCTYPE html><meta charset=utf-8><body>{body}", encoding="utf-8")
    shown(page, file)
    assert fault in {found[0] for found in page.evaluate(CLIPPED)}


def test_text_that_is_too_faint_is_seen(page: Chromium, tmp_path: Path) -> None:
    file = tmp_path / "faint.html"
    file.write_text("<!DOCTYPE html><body><p style='color:#999999'>faint</p>", encoding="utf-8")
    shown(page, file)
    ((needed, had, _),) = page.evaluate(CONTRASTS)
    assert had < needed
