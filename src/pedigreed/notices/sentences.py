"""A text cut into sentences."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_PARAGRAPH = re.compile(r"\n\s*\n|\n(?=\s?\s?(?:[-*] |jwst_|[A-Z][A-Za-z ]{1,30}:\s))")
"""An empty line, an item or a file in a list, or a line that begins with what it tells: "Instrument: MIRI"."""
_QUOTED = re.compile(r"^>[> ]*+", re.MULTILINE)
_END = re.compile(r"(?<=[.!?])[\"')\]]? (?=[\"'(\[]?[A-Z0-9])")
_SHORTENED = re.compile(
    r"(?:^|[\s(])(?:e\.g|i\.e|etc|vs|cf|fig|figs|sec|no|nos|dr|prof|mr|ms|mrs|st|approx|resp|al|ver|vol|eq|ref|[A-Z])\.$",
    re.IGNORECASE,
)
_LONGEST_SHORTENED = 12


def sentences(text: str) -> tuple[str, ...]:
    """The sentences of a plain text, each on one line, in their order.

    The marks of a quotation in a mail are left out. A dot within a number, a version or a file's name ends none,
    nor does that of an abbreviation or an initial.
    """
    found: list[str] = []
    for paragraph in _PARAGRAPH.split(_QUOTED.sub("", text)):
        line = " ".join(paragraph.split())
        begin = 0
        for end in _END.finditer(line):
            if _SHORTENED.search(line[max(begin, end.start() - _LONGEST_SHORTENED) : end.start()]):
                continue
            found.append(line[begin : end.end()].strip())
            begin = end.end()
        found.append(line[begin:].strip())
    return tuple(sentence for sentence in found if sentence)


def whole_sentences(said: Iterable[str], longest: int) -> str:
    """As many of some sentences as fit into so many characters. A first one that is too long is cut at a word."""
    chosen = ""
    for sentence in said:
        longer = f"{chosen} {sentence}".strip()
        if len(longer) > longest:
            return chosen or f"{sentence[: longest - 4].rpartition(' ')[0] or sentence[: longest - 4]} ..."
        chosen = longer
    return chosen
