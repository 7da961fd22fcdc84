"""What axe-core finds wrong with a page, for people who see it badly or not at all."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chromium import Chromium

_RUN = """
axe.run(document, {resultTypes: ["violations"]}).then(({violations}) =>
  violations.flatMap(({id, nodes}) => nodes.map(node => `${id}: ${node.html}`)))
"""


def violations(page: Chromium) -> list[str]:
    """``color-contrast: <a href=...>``, one for each element; of every rule that axe-core has."""
    page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8") + ";null")
    found: list[str] = page.evaluate(_RUN)
    return found
