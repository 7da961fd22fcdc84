"""Breaks text into lines of at most 78 columns, whatever is written in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich.cells import cell_len, chop_cells

from pedigreed.digests.wording import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

WIDTH = 78
"""Columns that a quoted mail and an 80-column terminal both hold."""

TITLE = 15
"""Columns that the title of a section takes."""


_WORDS = re.compile(r"[^\s`]*`[^`]{1,60}`\S*|\S+")


def heading(title: str) -> str:
    """The title of a section, as wide for all of them where it can be."""
    return f"{title + '  ':<{TITLE}}"


def prose(text: str, first: str = "", rest: str | None = None) -> list[str]:
    """Text broken between words, the first line after `first`, the others after `rest`.

    A command in backticks stays whole if a line can hold it, so that it can be copied.
    """
    return filled(_WORDS.findall(text), first, rest)


def filled(pieces: Iterable[str], first: str = "", rest: str | None = None) -> list[str]:
    """Pieces, each kept whole if a line can hold it, with a space between them.

    Args:
        pieces: from anywhere: made safe here.
        first: what begins the first line.
        rest: what begins every other line; as wide a blank as `first` where it is not given.
    """
    indent = " " * cell_len(first) if rest is None else rest
    lines = [first]
    is_begun = False
    for piece in pieces:
        for part in _parts(one_line(piece), WIDTH - max(cell_len(first), cell_len(indent))):
            space = " " if is_begun else ""
            if is_begun and cell_len(lines[-1]) + 1 + cell_len(part) > WIDTH:
                lines.append(indent)
                space = ""
            lines[-1] += space + part
            is_begun = True
    return [line.rstrip() for line in lines]


def _parts(piece: str, room: int) -> list[str]:
    if not piece:
        return []
    return [piece] if cell_len(piece) <= room else [part for part in chop_cells(piece, room) if part]
