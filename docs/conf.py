"""The documentation site: `make docs`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pedigreed import __version__

sys.path.insert(0, str(Path(__file__).parent))
from reference import commands, settings

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "pedigreed"
author = copyright = "the pedigreed developers"  # noqa: A001  # as Sphinx calls it
release = version = __version__
language = "en"

extensions = ["myst_parser"]
myst_heading_anchors = 4
highlight_language = "none"
html_theme = "furo"
html_title = f"pedigreed {__version__}"
html_show_sphinx = False
html_copy_source = False

_MADE = {"commands": commands, "configuration": settings}


def _add_what_is_made(_app: Sphinx, page: str, source: list[str]) -> None:
    if page in _MADE:
        source[0] += _MADE[page]()


def setup(app: Sphinx) -> None:
    """Let Sphinx read the reference with what the code says."""
    app.connect("source-read", _add_what_is_made)
