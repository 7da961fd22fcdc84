"""The operator's own template, read from its folder each time that a digest is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigreed.digests.print_html import TEMPLATE, OwnTemplate

if TYPE_CHECKING:
    from pathlib import Path

LONGEST = 1_000_000
"""Bytes."""


def own_template(folder: Path) -> OwnTemplate:
    """What the folder has in the place of the built-in template, or why it can't be had."""
    file = folder / TEMPLATE
    try:
        with file.open("rb") as opened:
            content = opened.read(LONGEST + 1)
    except OSError as error:
        return OwnTemplate("", f"{file}: {error.strerror or type(error).__name__}")
    if len(content) > LONGEST:
        return OwnTemplate("", f"{file} has more than {LONGEST:,} bytes")
    try:
        return OwnTemplate(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return OwnTemplate("", f"{file} is not UTF-8: byte {error.start}")
