"""Three days of the recorded archive, watched with embedded defaults on a fresh store."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def demo_configuration(folder: Path) -> str:
    """The demo's configuration, which keeps everything in a folder."""
    text = files("pedigreed.demo").joinpath("demo.yaml").read_text(encoding="utf-8")
    return text.replace("/DEMO", str(folder))
